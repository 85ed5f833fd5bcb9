"""Amounts, scores, times and texts: what is taken at the very bounds, refused one step beyond, and how it is told."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.arena import Arena
from tests.support.http import StudioCaller
from tests.support.inputs import MOST
from tests.support.organising import SMALL_CUP

pytestmark = pytest.mark.django_db

MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z")


def fault_of(studio: StudioCaller, path: str, body: Any) -> tuple[str, str]:
    """The one field that a 400 names, and its code."""
    [fault] = studio.post(path, body).refused(400, "BAD_REQUEST")["errors"]
    return fault["field"], fault["code"]


def test_a_score_accepts_the_whole_range_of_exact_json_integers(arena: Arena) -> None:
    path = f"/fe/esports/tournaments/{arena.uid}/score"
    for value in (MOST, -MOST, 0):
        arena.gamer.score(arena.uid, value).ok()
        assert arena.gamer.board(arena.uid)["leaderboard"][0]["score"] == value
    for value in (MOST + 1, -MOST - 1):
        body = {"metadata": {"tournamentId": arena.uid}, "payload": {"score": {"value": value}}}
        [fault] = arena.gamer.post(path, body).refused(400, "BAD_REQUEST")["errors"]
        assert fault["field"] == "payload.score.value"
    assert arena.gamer.board(arena.uid)["me"] == {"rank": 1, "score": 0, "shared_rank": 1}


def test_an_amount_must_be_a_whole_number_and_not_negative(studio: StudioCaller) -> None:
    studio.gamer("u")
    for index, wrong in enumerate([-1, 0, 1.5, "1", True, None, [], 10**12 + 1, MOST + 1]):
        body = {"user_id": "u", "amount": wrong, "reference": f"r{index}"}
        assert fault_of(studio, "/s2s/wallet/deposits", body)[0] == "amount", wrong
    assert studio.deposit("u", 10**12, "most").ok(201)["amount"] == 10**12
    assert studio.deposit("u", 1, "least").ok(201)["balance_after"] == 10**12 + 51


TIMES_TAKEN = [
    ("2029-12-31T23:59:59Z", "2029-12-31T23:59:59Z"),
    ("2029-12-31t23:59:59z", "2029-12-31T23:59:59Z"),
    ("2030-01-01T01:30:00+05:30", "2029-12-31T20:00:00Z"),
    ("2029-12-31T20:00:00-04:00", "2030-01-01T00:00:00Z"),
    ("2029-12-31T23:59:59.000001Z", "2029-12-31T23:59:59.000001Z"),
    ("2029-12-31T23:59:59.5Z", "2029-12-31T23:59:59.500000Z"),
    ("2028-02-29T00:00:00Z", "2028-02-29T00:00:00Z"),
    # As Go, Java and .NET write it: nanoseconds, or ticks of 100 of them. They are cut, not rounded.
    ("2029-12-31T23:59:59.999999999Z", "2029-12-31T23:59:59.999999Z"),
    ("2029-12-31T23:59:59.1234567+00:00", "2029-12-31T23:59:59.123456Z"),
    ("2029-12-31T23:59:59.000000000Z", "2029-12-31T23:59:59Z"),
    (f"2029-12-31T23:59:59.{'9' * 400}Z", "2029-12-31T23:59:59.999999Z"),
    # PostgreSQL reads a leap second as the next one.
    ("2029-12-31T23:59:60Z", "2030-01-01T00:00:00Z"),
    ("2029-12-31T23:59:60.25Z", "2030-01-01T00:00:00.250000Z"),
    ("2029-12-31T20:00:00-23:59", "2030-01-01T19:59:00Z"),
]
TIMES_REFUSED = [
    "2029-12-31T23:59:59",
    "2029-12-31 23:59:59Z",
    "2029-12-31T23:59Z",
    "2029-12-31",
    "2029-02-29T00:00:00Z",
    "2029-12-31T23:59:61Z",
    "2029-12-31T24:00:00Z",
    "2029-12-31T23:59:59,5Z",
    "2029-12-31T23:59:59+24:00",
    "2029-12-31T23:59:59+01:60",
    "2029-12-31T23:59:59.Z",
    "2029-12-31T23:59:59+0100",
    "20291231T235959Z",
    "2029-W01-1T00:00:00Z",
    "0000-12-31T00:00:00Z",
    "9999-12-31T23:59:59-00:01",
    "1893456000",
    1893456000,
    "",
    None,
]


def test_a_time_with_any_offset_is_answered_in_utc(studio: StudioCaller) -> None:
    for given, answered in TIMES_TAKEN:
        made = studio.post("/s2s/esports/tournaments", SMALL_CUP | {"ends_at_timestamp": given}).ok(201)
        assert made["ends_at_timestamp"] == answered


def test_a_time_in_any_other_form_is_refused(studio: StudioCaller) -> None:
    for given in TIMES_REFUSED:
        body = SMALL_CUP | {"ends_at_timestamp": given}
        assert fault_of(studio, "/s2s/esports/tournaments", body)[0] == "ends_at_timestamp", given


def test_a_time_over_five_years_away_in_past_or_future_is_refused(studio: StudioCaller) -> None:
    now = datetime.now(UTC)
    for field, moment in (
        ("ends_at_timestamp", now + timedelta(days=5 * 366)),
        ("schedules_at_timestamp", now - timedelta(days=5 * 366)),
    ):
        faults = studio.post("/s2s/esports/tournaments", SMALL_CUP | {field: moment.isoformat()}).refused(
            400, "BAD_REQUEST"
        )["errors"]
        assert (field, "too_far_away") in {(fault["field"], fault["code"]) for fault in faults}


def test_every_time_on_the_wire_is_rfc_3339_in_utc(arena: Arena) -> None:
    arena.gamer.score(arena.uid, 1).ok()
    arena.studio.post(f"/s2s/esports/tournaments/{arena.uid}/cancel").ok()
    answers = [
        arena.gamer.session,
        arena.gamer.balance(),
        arena.gamer.get("/fe/wallet/transactions").ok(),
        arena.gamer.get(f"/fe/esports/tournaments/{arena.uid}").ok(),
        arena.gamer.get("/fe/esports/statistics/historic").ok(),
    ]
    times = [moment for answer in answers for moment in times_in(answer)]
    assert len(times) > 20
    assert [moment for moment in times if not MOMENT.fullmatch(moment)] == []


def times_in(value: Any) -> list[str]:
    """Every text that stands under a name that tells of a time."""
    if isinstance(value, list):
        return [moment for part in value for moment in times_in(part)]
    if not isinstance(value, dict):
        return []
    named = ("_at", "_timestamp", "_time", "AtText")
    own = [part for name, part in value.items() if name.endswith(named) and isinstance(part, str)]
    return own + [moment for part in value.values() for moment in times_in(part)]


def test_text_limits_count_characters_and_not_bytes(studio: StudioCaller) -> None:
    made = studio.post("/s2s/esports/tournaments", SMALL_CUP | {"title": "日" * 200, "description": "😀" * 4000}).ok(
        201
    )
    assert (made["title"], made["description"]) == ("日" * 200, "😀" * 4000)
    assert fault_of(studio, "/s2s/esports/tournaments", SMALL_CUP | {"title": "x" * 201}) == ("title", "max_length")
    long = SMALL_CUP | {"description": "x" * 4001}
    assert fault_of(studio, "/s2s/esports/tournaments", long) == ("description", "max_length")
    session = studio.post("/s2s/session", {"user_id": "u", "name": "é" * 500, "location": "😀" * 500}).ok()
    assert (session["name"], session["location"]) == ("é" * 500, "😀" * 500)
    assert fault_of(studio, "/s2s/session", {"user_id": "u", "name": "x" * 501}) == ("name", "max_length")


def test_a_text_is_kept_unchanged(studio: StudioCaller) -> None:
    odd = "  \tÅ vs Å, fi vs ﬁ \u202e<b>\u0001\u0085 '; -- \n"
    made = studio.post("/s2s/esports/tournaments", SMALL_CUP | {"title": odd, "description": odd}).ok(201)
    assert (made["title"], made["description"]) == (odd, odd)
    assert studio.post("/s2s/session", {"user_id": "u", "playertag": odd}).ok()["playertag"] == odd


def test_ids_are_answered_as_canonical_lower_case_uuids(arena: Arena) -> None:
    form = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
    answered = arena.gamer.get(f"/fe/esports/tournaments/{arena.uid}").ok()
    assert form.fullmatch(answered["tournament_uid"])
    assert answered["game_uid"] == arena.studio.client_id
    assert form.fullmatch(answered["game_uid"])
    assert form.fullmatch(arena.gamer.session["session_id"])

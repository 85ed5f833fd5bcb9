"""A tournament as it is shown: every field, and the status right to the microsecond with no worker running."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from esports.lifecycle import ACTIVE
from esports.models import Tournament
from tests.support.http import GamerCaller, Gamers, StudioCaller
from tests.support.organising import shift, soon, wire
from tests.support.time import INSTANT, clock_at, hourly, move, timetable

pytestmark = pytest.mark.django_db


def statuses(uid: str, studio: StudioCaller, gamer: GamerCaller, moment: datetime) -> tuple[str, str]:
    """What the studio and a gamer see at that moment; a gamer's refusal by its code."""
    with clock_at(moment):
        shown = studio.get(f"/s2s/esports/tournaments/{uid}").ok()["tournament_status"]
        answer = gamer.get(f"/fe/esports/tournaments/{uid}")
    return shown, answer.ok()["tournament_status"] if answer.status == 200 else answer.code


def filters_that_list_something(gamer: GamerCaller, moment: datetime) -> set[str]:
    """The statuses for which the active list is not empty at that moment."""
    with clock_at(moment):
        return {status for status in ACTIVE if gamer.get(f"/fe/esports/tournaments/active?status={status}").ok()}


def played(studio: StudioCaller, gamers: Gamers, joined: int = 3, scored: int = 1, **fields: Any) -> str:
    """A tournament with so many in the field, so many of them with a score."""
    uid = studio.tournament(ends_at_timestamp=soon(hours=1), **fields)
    for index, one in enumerate(gamers(joined)):
        one.join(uid, fields.get("buy_in_price", 10)).ok()
        if index < scored:
            one.score(uid, index).ok()
    return uid


# --- Fields


def test_a_tournament_answer_has_exactly_the_documented_fields(studio: StudioCaller, gamer: GamerCaller) -> None:
    bands = [{"from_rank": 1, "to_rank": 1, "amount": 20}]
    uid = hourly(
        studio,
        title="Ünïcode 🏆",
        description="All of it.",
        mode="Duel",
        buy_in_price=7,
        tournament_size=9,
        min_participants=2,
        score_order="asc",
        score_operator="best",
        score_source="server",
        tie_rule="split",
        sponsored_amount=50,
        prize_table={"kind": "fixed", "bands": bands},
    )
    times = timetable(uid)
    with clock_at(times.moves_to_lobby_at):
        gamer.join(uid, 7).ok()
        shown = gamer.get(f"/fe/esports/tournaments/{uid}").ok()
        assert studio.get(f"/s2s/esports/tournaments/{uid}").ok() == shown
        assert gamer.get("/fe/esports/tournaments/active").ok() == [shown]
    stored = Tournament.objects.get(pk=uid)
    assert shown == {
        "tournament_uid": uid,
        "game_uid": studio.client_id,
        "tournament_status": "LOBBY",
        "title": "Ünïcode 🏆",
        "description": "All of it.",
        "buy_in_price": 7,
        "tournament_size": 9,
        "participants_count": 1,
        "schedules_at_timestamp": wire(times.schedules_at),
        "moves_to_lobby_at_timestamp": wire(times.moves_to_lobby_at),
        "starts_at_timestamp": wire(times.starts_at),
        "locks_at_timestamp": wire(times.locks_at),
        "ends_at_timestamp": wire(times.ends_at),
        "created_at": wire(stored.created_at),
        "updated_at": wire(stored.updated_at),
        "mode": "Duel",
        "score_order": "asc",
        "score_operator": "best",
        "score_source": "server",
        "min_participants": 2,
        "prize_table": {"kind": "fixed", "bands": bands},
        "tie_rule": "split",
        "sponsored_amount": 50,
    }


def test_omitted_times_take_their_defaults(studio: StudioCaller, gamer: GamerCaller) -> None:
    shown = gamer.get(f"/fe/esports/tournaments/{studio.tournament()}").ok()
    defaults = {
        "description": "",
        "mode": "Quick",
        "score_order": "desc",
        "score_operator": "latest",
        "score_source": "any",
        "min_participants": 3,
        "tie_rule": "first_to_reach",
        "sponsored_amount": 0,
        "participants_count": 0,
        "tournament_status": "STARTED",
    }
    assert {name: shown[name] for name in defaults} == defaults
    assert [band["multiple_bp"] for band in shown["prize_table"]["bands"]] == [60_000, 40_000, 15_000, 10_000]
    assert [band["percent_bp"] for band in shown["prize_table"]["bands"]] == [100, 1_000, 2_000, 900]


# --- Status


def test_each_status_begins_at_its_own_time(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = hourly(studio)
    times = timetable(uid)
    draft = ("DRAFT", "TOURNAMENT_NOT_FOUND")
    steps = [
        (times.schedules_at, draft, "SCHEDULED"),
        (times.moves_to_lobby_at, ("SCHEDULED",) * 2, "LOBBY"),
        (times.starts_at, ("LOBBY",) * 2, "STARTED"),
        (times.locks_at, ("STARTED",) * 2, "LOCKED"),
        (times.ends_at, ("LOCKED",) * 2, "CANCELLED"),
    ]
    for moment, before, begun in steps:
        assert statuses(uid, studio, gamer, moment - INSTANT) == before
        assert statuses(uid, studio, gamer, moment) == (begun, begun)
        assert filters_that_list_something(gamer, moment - INSTANT) == {before[0]} & set(ACTIVE)
        assert filters_that_list_something(gamer, moment) == {begun} & set(ACTIVE)


@pytest.mark.parametrize(
    ("hours", "seen"),
    [
        ((1, 1, 1, 1, 5), {1: "LOCKED", 4: "LOCKED"}),
        ((1, 1, 1, 5, 5), {1: "STARTED", 4: "STARTED"}),
        ((1, 1, 3, 4, 5), {1: "LOBBY", 2: "LOBBY", 3: "STARTED", 4: "LOCKED"}),
        ((1, 3, 3, 5, 5), {1: "SCHEDULED", 2: "SCHEDULED", 3: "STARTED"}),
        ((1, 2, 4, 4, 5), {2: "LOBBY", 3: "LOBBY", 4: "LOCKED"}),
        ((1, 5, 5, 5, 5), {1: "SCHEDULED", 4: "SCHEDULED"}),
    ],
)
def test_a_status_of_zero_length_is_skipped(
    studio: StudioCaller, gamer: GamerCaller, hours: tuple[int, ...], seen: dict[int, str]
) -> None:
    uid = hourly(studio, hours)
    schedules_at = timetable(uid).schedules_at
    for hour, status in seen.items():
        moment = schedules_at + timedelta(hours=hour - hours[0])
        assert statuses(uid, studio, gamer, moment) == (status, status)
        with clock_at(moment):
            listed = gamer.get(f"/fe/esports/tournaments/active?status={status}").ok()
            assert [row["tournament_uid"] for row in listed] == [uid]


@pytest.mark.parametrize(
    ("joined", "scored", "fields", "status"),
    [
        (3, 1, {}, "COMPLETED"),
        (2, 2, {}, "CANCELLED"),  # below the minimum
        (3, 0, {}, "CANCELLED"),  # nobody has a score
        (2, 2, {"min_participants": 2}, "CANCELLED"),  # of two the default table pays nobody
        (0, 0, {"min_participants": 1}, "CANCELLED"),
        (
            1,
            1,
            {"min_participants": 1, "prize_table": {"kind": "shares", "bands": [
                {"from_rank": 1, "to_rank": 1, "share_bp": 5000}]}},
            "COMPLETED",
        ),
    ],
)  # fmt: skip
def test_a_tournament_is_completed_or_cancelled_at_its_end(
    studio: StudioCaller, gamers: Gamers, joined: int, scored: int, fields: dict[str, Any], status: str
) -> None:
    uid = played(studio, gamers, joined, scored, **fields)
    end, gamer = timetable(uid).ends_at, studio.gamer("onlooker")
    assert statuses(uid, studio, gamer, end - INSTANT) == ("STARTED", "STARTED")
    assert statuses(uid, studio, gamer, end) == (status, status)


def test_a_manual_cancellation_sets_the_status_from_its_moment(studio: StudioCaller, gamers: Gamers) -> None:
    uid = played(studio, gamers)
    end, gamer = timetable(uid).ends_at, studio.gamer("onlooker")
    with clock_at(end - INSTANT):
        done = studio.post(f"/s2s/esports/tournaments/{uid}/cancel", {"reason": "fault"}).ok()
        assert done["tournament_status"] == "CANCELLED"
    for moment in (end - INSTANT, end, end + timedelta(days=20)):
        assert statuses(uid, studio, gamer, moment) == ("CANCELLED", "CANCELLED")


def test_cancelling_a_tournament_at_its_end_is_refused(studio: StudioCaller, gamers: Gamers) -> None:
    uid = played(studio, gamers)
    end, gamer = timetable(uid).ends_at, studio.gamer("onlooker")
    with clock_at(end):
        studio.post(f"/s2s/esports/tournaments/{uid}/cancel").refused(409, "WRONG_STATE")
    assert statuses(uid, studio, gamer, end) == ("COMPLETED", "COMPLETED")


def test_the_status_follows_the_running_clock(studio: StudioCaller, gamers: Gamers) -> None:
    uid = played(studio, gamers, scored=0)
    gamer = studio.gamer("onlooker")
    address = f"/fe/esports/tournaments/{uid}"
    move(uid, schedules_at=-40, moves_to_lobby_at=-30, starts_at=-20, locks_at=-10, ends_at=30)
    assert gamer.get(address).ok()["tournament_status"] == "LOCKED"
    shift(uid, seconds=-30)
    assert gamer.get(address).ok()["tournament_status"] == "CANCELLED"
    move(uid, starts_at=10, locks_at=20, ends_at=30)
    assert gamer.get(address).ok()["tournament_status"] == "LOBBY"

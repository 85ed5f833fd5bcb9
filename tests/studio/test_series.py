"""Series over HTTP: made, read, changed, paused, deleted; refused up front where no tournament could come of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from esports.models import PrizeTable, SeriesOccurrence, Tournament, TournamentSeries
from esports.services.series import SERIES_PER_CLIENT
from esports.services.series_sweeping import sweep_series
from tests.support.addresses import UNKNOWN_UID
from tests.support.http import StudioCaller
from tests.support.rows import snapshot
from tests.support.series import HOUR, SERIES, at, body, make, starts, stored
from tests.support.time import clock_at

pytestmark = pytest.mark.django_db

# 17:30 in India.
NOON = datetime(2026, 12, 4, 12, tzinfo=UTC)


def test_a_new_series_is_answered_with_its_next_five_occurrences(studio: StudioCaller) -> None:
    with clock_at(NOON):
        made = studio.post(SERIES, body()).ok(201)
    uid = made["series_uid"]
    assert (made["game_uid"], made["name"], made["active"]) == (studio.client_id, "Daily cup", True)
    assert [row["starts_at_timestamp"] for row in made["next_occurrences"]] == [
        f"2026-12-{day:02}T12:30:00Z" for day in (4, 5, 6, 7, 8)
    ]
    first = made["next_occurrences"][0]
    assert first == {
        "schedules_at_timestamp": "2026-12-04T11:30:00Z",
        "moves_to_lobby_at_timestamp": "2026-12-04T12:30:00Z",
        "starts_at_timestamp": "2026-12-04T12:30:00Z",
        "locks_at_timestamp": "2026-12-04T13:00:00Z",
        "ends_at_timestamp": "2026-12-04T14:30:00Z",
        "in_words": "Friday 4 December 2026, 18:00 (Asia/Kolkata), 12:30 UTC; entries close 18:30, ends 20:00",
        "tournament_uid": None,
        "reason": "",
    }
    assert len(stored(uid)) == 5
    assert Tournament.objects.count() == 0
    with clock_at(NOON):
        assert studio.get(at(uid)).ok() == made
        assert studio.get(SERIES).ok() == [made]


def test_omitted_fields_of_a_series_have_a_tournaments_defaults(studio: StudioCaller) -> None:
    given = body()
    for name in ("schedules_before_seconds", "locks_after_seconds"):
        del given[name]
    made = studio.post(SERIES, given | {"score_operator": "sum"}).ok(201)
    assert (made["schedules_before_seconds"], made["lobby_before_seconds"]) == (0, 0)
    assert made["locks_after_seconds"] == made["ends_after_seconds"] == 2 * HOUR
    tournament = studio.post(
        "/s2s/esports/tournaments",
        {name: made[name] for name in ("title", "buy_in_price", "tournament_size", "score_operator")}
        | {"ends_at_timestamp": "2030-01-01T00:00:00Z"},
    ).ok(201)
    shared = tournament.keys() & made.keys() - {"created_at", "updated_at"}
    assert len(shared) >= 13
    assert {name: made[name] for name in shared} == {name: tournament[name] for name in shared}
    assert (made["score_min"], made["score_max"], made["settlement_delay_seconds"]) == (None, None, 0)


def test_one_idempotency_key_creates_one_series(studio: StudioCaller) -> None:
    first, again = (studio.post(SERIES, body(), key="k") for _ in range(2))
    assert first.status == again.status == 201
    assert (first.content, again.headers["Idempotent-Replayed"]) == (again.content, "true")
    assert TournamentSeries.objects.count() == 1


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"rule": "0 18 * *"}, "rule"),
    ({"rule": "*/10 * * * *"}, "rule"),
    ({"rule": "0 18 30 2 *"}, "rule"),
    ({"rule": "0 18 * * *", "last_date": "2020-01-01"}, "rule"),
    ({"time_zone": "Mars/Olympus"}, "time_zone"),
    ({"time_zone": "../../etc/passwd"}, "time_zone"),
    ({"first_date": "2020-02-30"}, "first_date"),
    ({"first_date": "9999-12-31"}, "first_date"),
    ({"first_date": "2027-01-02", "last_date": "2027-01-01"}, "last_date"),
    ({"lobby_before_seconds": HOUR + 1}, "schedules_before_seconds"),
    ({"locks_after_seconds": 2 * HOUR + 1}, "ends_after_seconds"),
    ({"ends_after_seconds": 0}, "ends_after_seconds"),
    ({"ends_after_seconds": 30 * 24 * HOUR + 1}, "ends_after_seconds"),
    ({"schedules_before_seconds": 14 * 24 * HOUR + 1}, "schedules_before_seconds"),
    ({"title": "x" * 196 + "{date}"}, "title"),
    ({"title": "  "}, "title"),
    ({"name": "  "}, "name"),
    ({"active": "true"}, "active"),
    ({"active": 1}, "active"),
    ({"score_min": 2, "score_max": 1}, "score_min"),
    ({"min_participants": 101}, "min_participants"),
    ({"buy_in_price": 2**52, "tournament_size": 2}, "buy_in_price"),
]


@pytest.mark.parametrize(("fields", "field"), REFUSED)
def test_a_series_that_could_make_no_tournament_is_refused_by_field(
    studio: StudioCaller, fields: dict[str, Any], field: str
) -> None:
    before = snapshot()
    problem = studio.post(SERIES, body(**fields)).refused(400, "BAD_REQUEST")
    assert [fault["field"] for fault in problem["errors"]] == [field]
    assert snapshot() == before
    uid = make(studio)
    before = snapshot()
    if fields.get("last_date") != "2020-01-01":
        problem = studio.patch(at(uid), fields).refused(400, "BAD_REQUEST")
        assert [fault["field"] for fault in problem["errors"]] == [field]
        assert snapshot() == before


@pytest.mark.parametrize(
    "missing", ["title", "buy_in_price", "tournament_size", "rule", "time_zone", "ends_after_seconds"]
)
def test_a_series_without_a_required_field_is_refused_by_its_name(studio: StudioCaller, missing: str) -> None:
    for wrong in ({}, {missing: None}):
        given = {name: value for name, value in body().items() if name != missing} | wrong
        problem = studio.post(SERIES, given).refused(400, "BAD_REQUEST")
        assert [fault["field"] for fault in problem["errors"]] == [missing]


def test_an_insolvent_prize_table_is_refused_when_set(studio: StudioCaller) -> None:
    insolvent = {"kind": "fixed", "bands": [{"from_rank": 1, "to_rank": 1, "amount": 31}]}
    refusal = studio.post(SERIES, body(prize_table=insolvent)).refused(400, "PRIZE_TABLE_INSOLVENT")
    assert refusal["field_size"] == 3
    studio.post(SERIES, body(prize_table="unknown")).refused(400, "PRIZE_TABLE_INVALID")
    uid = make(studio, prize_table=insolvent, sponsored_amount=1)
    studio.patch(at(uid), {"sponsored_amount": 0}).refused(400, "PRIZE_TABLE_INSOLVENT")
    assert studio.get(at(uid)).ok()["sponsored_amount"] == 1


def test_a_named_prize_table_is_copied(studio: StudioCaller) -> None:
    table = {"kind": "fixed", "bands": [{"from_rank": 1, "to_rank": 1, "amount": 5}]}
    row = PrizeTable.objects.create(client_id=studio.client_id, name="five", table=table)
    uid = make(studio, prize_table="five")
    row.delete()
    assert studio.patch(at(uid), {"title": "Other"}).ok()["prize_table"] == {"name": "five"} | table


def test_a_changed_rule_replaces_future_occurrences_only(studio: StudioCaller) -> None:
    with clock_at(NOON):
        uid = make(studio)
        sweep_series()
        before = stored(uid)
        changed = studio.patch(at(uid), {"rule": "0 20 * * *", "title": "Later"}).ok()
    made = before[0].tournament
    assert made is not None
    assert [row["starts_at_timestamp"][8:16] for row in changed["next_occurrences"]] == [
        *("04T12:30", "04T14:30", "05T14:30", "06T14:30", "07T14:30")
    ]
    assert changed["next_occurrences"][0]["tournament_uid"] == str(made.pk)
    assert Tournament.objects.get().title == "Daily cup"
    assert changed["title"] == "Later"


def test_a_pause_stops_future_occurrences_and_keeps_tournaments(studio: StudioCaller) -> None:
    with clock_at(NOON):
        uid = make(studio)
        sweep_series()
        paused = studio.patch(at(uid), {"active": False}).ok()
        assert (paused["active"], len(paused["next_occurrences"])) == (False, 1)
    for day in range(1, 4):
        with clock_at(NOON + timedelta(days=day)):
            sweep_series()
    assert (Tournament.objects.count(), len(stored(uid))) == (1, 1)
    with clock_at(NOON + timedelta(days=3)):
        resumed = studio.patch(at(uid), {"active": True}).ok()
        sweep_series()
    assert [row["starts_at_timestamp"][:10] for row in resumed["next_occurrences"]] == [
        f"2026-12-{day:02}" for day in (7, 8, 9, 10, 11)
    ]
    assert Tournament.objects.count() == 2


def test_a_series_can_be_created_paused(studio: StudioCaller) -> None:
    made = studio.post(SERIES, body(active=False)).ok(201)
    sweep_series()
    assert (made["next_occurrences"], SeriesOccurrence.objects.count()) == ([], 0)


def test_a_deleted_series_is_not_found_and_its_tournaments_stay(studio: StudioCaller) -> None:
    with clock_at(NOON):
        uid = make(studio)
        sweep_series()
        assert studio.delete(at(uid)).ok() == {"message": "series deleted"}
    with clock_at(NOON + timedelta(days=2)):
        sweep_series()
    for method in ("GET", "PATCH", "DELETE"):
        studio.call(method, at(uid), {} if method == "PATCH" else None).refused(404, "RECORD_NOT_FOUND")
    assert studio.get(SERIES).ok() == []
    assert Tournament.objects.get().cancelled_at is None


def test_null_removes_dates_and_score_bounds(studio: StudioCaller) -> None:
    with clock_at(NOON):
        uid = make(studio, last_date="2026-12-05", score_max=5)
        assert len(stored(uid)) == 2
        changed = studio.patch(at(uid), {"last_date": None, "score_max": None, "name": None}).ok()
    assert (changed["last_date"], changed["score_max"], changed["name"]) == (None, None, "Daily cup")
    assert len(starts(uid)) == 5


def test_an_empty_patch_changes_only_updated_at(studio: StudioCaller) -> None:
    uid = make(studio)
    before, rows = studio.get(at(uid)).ok(), starts(uid)
    after = studio.patch(at(uid), {}).ok()
    assert before | {"updated_at": after["updated_at"]} == after
    assert starts(uid) == rows


def test_a_client_cannot_exceed_its_number_of_series(studio: StudioCaller, other_studio: StudioCaller) -> None:
    row = TournamentSeries.objects.get(pk=make(studio, active=False))
    for _ in range(SERIES_PER_CLIENT - 1):
        row.pk = None
        row.id = TournamentSeries._meta.pk.get_default()
        row.save(force_insert=True)
    studio.post(SERIES, body()).refused(400, "BAD_REQUEST")
    make(other_studio)
    studio.delete(at(str(row.pk))).ok()
    make(studio)


def test_an_invalid_id_is_unknown(studio: StudioCaller) -> None:
    uid = make(studio)
    for garbage in ("x", uid.replace("-", ""), "%00", uid + "0", UNKNOWN_UID):
        studio.get(at(garbage)).refused(404, "RECORD_NOT_FOUND")
    assert studio.get(at(uid.upper())).ok()["series_uid"] == uid


def test_a_list_needs_as_many_queries_for_many_series_as_for_one(studio: StudioCaller) -> None:
    make(studio)
    studio.get(SERIES).ok()
    with CaptureQueriesContext(connection) as few:
        studio.get(SERIES).ok()
    for _ in range(5):
        make(studio)
    with CaptureQueriesContext(connection) as many:
        assert len(studio.get(SERIES).ok()) == 6
    assert len(many) == len(few) <= 4

"""Changing a tournament that nobody ever joined: everything may change, and the whole must hold."""

from datetime import datetime
from typing import Any

import pytest

from esports.models import PrizeTable, Tournament
from tests.support.http import StudioCaller
from tests.support.organising import allow_sponsorship, at, end, escrow, shift, soon, sponsor, stored
from tests.support.threads import ledger_faults

pytestmark = pytest.mark.django_db

WINNER = {"kind": "fixed", "bands": [{"from_rank": 1, "to_rank": 1, "amount": 30}]}
HALF = {"kind": "multiples", "bands": [{"percent_bp": 5000, "multiple_bp": 10000}]}
PAIR = {"min_participants": 2, "sponsored_amount": 10}


def test_every_field_can_be_changed_at_once(studio: StudioCaller) -> None:
    uid = studio.tournament(title="Old", sponsored_amount=500)
    before = studio.get(at(uid)).ok()
    wanted = {
        "title": "New",
        "description": "Better",
        "mode": "Ranked",
        "buy_in_price": 20,
        "tournament_size": 40,
        "min_participants": 2,
        "score_order": "asc",
        "score_operator": "best",
        "score_source": "server",
        "tie_rule": "split",
        "prize_table": WINNER,
        "sponsored_amount": 0,
        "schedules_at_timestamp": soon(hours=1),
        "moves_to_lobby_at_timestamp": soon(hours=2),
        "starts_at_timestamp": soon(hours=3),
        "locks_at_timestamp": soon(hours=4),
        "ends_at_timestamp": soon(hours=5),
    }
    hidden = {"score_min": 1, "score_max": 9, "settlement_delay_seconds": 60}
    changed = studio.patch(at(uid), wanted | hidden).ok()
    assert changed == before | wanted | {"tournament_status": "DRAFT", "updated_at": changed["updated_at"]}
    assert changed["updated_at"] > before["updated_at"]
    assert studio.get(at(uid)).ok() == changed
    assert {name: getattr(Tournament.objects.get(), name) for name in hidden} == hidden


def test_a_changed_sponsorship_books_the_difference_in_either_direction(studio: StudioCaller) -> None:
    allow_sponsorship(studio, 1000)
    uid = studio.tournament(sponsored_amount=600)
    for amount in (1000, 250, 0, 700):
        assert studio.patch(at(uid), {"sponsored_amount": amount}).ok()["sponsored_amount"] == amount
        assert (escrow(uid), sponsor(studio)) == (amount, -amount)
    before = stored(uid)
    studio.patch(at(uid), {"sponsored_amount": 1001, "title": "X"}).refused(409, "INSUFFICIENT_BALANCE")
    assert (stored(uid), escrow(uid), sponsor(studio)) == (before, 700, -700)
    assert ledger_faults() == []


def test_a_lower_sponsorship_is_refunded_even_above_a_lowered_limit(studio: StudioCaller) -> None:
    uid = studio.tournament(sponsored_amount=600)
    allow_sponsorship(studio, 100)
    assert studio.patch(at(uid), {"sponsored_amount": 500}).ok()["sponsored_amount"] == 500
    assert (escrow(uid), sponsor(studio)) == (500, -500)


def test_equal_values_are_no_change(studio: StudioCaller) -> None:
    uid = studio.tournament(sponsored_amount=5, description="same")
    before, as_read = stored(uid), studio.get(at(uid)).ok()
    for body in ({}, as_read, {"title": as_read["title"]}, {"prize_table": "default"}, {"nothing_known": 1}):
        assert studio.patch(at(uid), body).ok() == as_read
    assert stored(uid) == before
    assert studio.patch(at(uid)).ok() == as_read


def test_null_clears_a_score_bound_and_changes_no_other_field(studio: StudioCaller) -> None:
    uid = studio.tournament(score_min=1, score_max=9)
    before = stored(uid)
    studio.patch(at(uid), {"title": None, "prize_table": None, "ends_at_timestamp": None}).ok()
    assert stored(uid) == before
    studio.patch(at(uid), {"score_min": None}).ok()
    after = stored(uid)
    assert (after["score_min"], after["score_max"]) == (None, 9)


@pytest.mark.parametrize(
    ("made", "change", "code", "fields"),
    [
        ({}, {"tournament_size": 0}, "BAD_REQUEST", {"tournament_size"}),
        ({}, {"title": ""}, "BAD_REQUEST", {"title"}),
        ({}, {"sponsored_amount": "5", "mode": 1}, "BAD_REQUEST", {"sponsored_amount", "mode"}),
        ({}, {"min_participants": 101}, "BAD_REQUEST", {"min_participants"}),
        ({"min_participants": 50}, {"tournament_size": 49}, "BAD_REQUEST", {"min_participants"}),
        ({"score_max": 9}, {"score_min": 10}, "BAD_REQUEST", {"score_min"}),
        ({}, {"buy_in_price": 2**52 // 100 + 1}, "BAD_REQUEST", {"buy_in_price"}),
        ({}, {"ends_at_timestamp": "2025-01-01T00:00:00Z"}, "BAD_REQUEST", {"ends_at_timestamp"}),
        ({}, {"prize_table": "no such"}, "PRIZE_TABLE_INVALID", set()),
        ({}, {"prize_table": {"kind": "fixed", "bands": []}}, "PRIZE_TABLE_INVALID", set()),
        ({"prize_table": HALF}, {"buy_in_price": 0}, "PRIZE_TABLE_INVALID", set()),
        ({"prize_table": WINNER}, {"buy_in_price": 9}, "PRIZE_TABLE_INSOLVENT", set()),
        ({"prize_table": WINNER}, {"min_participants": 2}, "PRIZE_TABLE_INSOLVENT", set()),
        ({"prize_table": WINNER, **PAIR}, {"sponsored_amount": 9}, "PRIZE_TABLE_INSOLVENT", set()),
    ],
)
def test_a_change_must_leave_a_valid_tournament(
    studio: StudioCaller, made: dict[str, Any], change: dict[str, Any], code: str, fields: set[str]
) -> None:
    uid = studio.tournament(**made)
    before, held = stored(uid), escrow(uid)
    problem = studio.patch(at(uid), change | {"description": "changed"}).refused(400, code)
    assert {fault["field"] for fault in problem.get("errors", [])} == fields
    assert (stored(uid), escrow(uid)) == (before, held)


def test_changed_times_are_checked_together_with_unchanged_times(studio: StudioCaller) -> None:
    times = {"starts_at_timestamp": soon(hours=2), "locks_at_timestamp": soon(hours=4)}
    uid = studio.tournament(ends_at_timestamp=soon(hours=6), **times)
    problem = studio.patch(at(uid), {"starts_at_timestamp": soon(hours=5)}).refused(400, "BAD_REQUEST")
    assert [fault["field"] for fault in problem["errors"]] == ["locks_at_timestamp"]
    earlier = soon(hours=1)
    moved = studio.patch(at(uid), {"starts_at_timestamp": earlier, "moves_to_lobby_at_timestamp": earlier}).ok()
    assert (moved["starts_at_timestamp"], moved["locks_at_timestamp"]) == (earlier, times["locks_at_timestamp"])
    assert moved["tournament_status"] == "SCHEDULED"


def test_a_changed_end_becomes_the_original_end(studio: StudioCaller) -> None:
    uid = studio.tournament(ends_at_timestamp=soon(hours=1))
    ends = soon(hours=5)
    studio.patch(at(uid), {"ends_at_timestamp": ends, "locks_at_timestamp": ends}).ok()
    row = Tournament.objects.get()
    assert row.original_ends_at == row.original_locks_at == datetime.fromisoformat(ends)
    studio.gamer("ann").join(uid).ok()
    assert studio.patch(at(uid), {"ends_at_timestamp": soon(hours=9)}).status == 200


def test_changing_the_operator_to_sum_makes_the_server_the_source(studio: StudioCaller) -> None:
    uid = studio.tournament()
    assert studio.patch(at(uid), {"score_operator": "sum"}).ok()["score_source"] == "server"
    assert studio.patch(at(uid), {"score_source": "any"}).ok()["score_source"] == "any"
    said = studio.tournament()
    assert studio.patch(at(said), {"score_operator": "sum", "score_source": "any"}).ok()["score_source"] == "any"


def test_a_prize_table_changed_in_the_console_counts_as_a_change(studio: StudioCaller) -> None:
    kept = PrizeTable.objects.create(client_id=studio.client_id, name="house", table=WINNER)
    uid = studio.tournament(prize_table="house")
    before = stored(uid)
    studio.patch(at(uid), {"prize_table": "house"}).ok()
    assert stored(uid) == before
    PrizeTable.objects.filter(pk=kept.pk).update(table={**WINNER, "bands": [WINNER["bands"][0] | {"amount": 29}]})
    assert studio.patch(at(uid), {"prize_table": "house"}).ok()["prize_table"]["bands"][0]["amount"] == 29


def test_an_ended_tournament_without_entries_changes_only_its_texts(studio: StudioCaller) -> None:
    uid = studio.tournament(sponsored_amount=5)
    end(uid)
    change = {"ends_at_timestamp": soon(days=2), "buy_in_price": 3, "title": "New", "sponsored_amount": 0}
    problem = studio.patch(at(uid), change).refused(409, "WRONG_STATE")
    assert problem["fields"] == ["buy_in_price", "ends_at_timestamp", "sponsored_amount"]
    assert studio.patch(at(uid), {"title": "New", "description": "over"}).ok()["title"] == "New"


def test_a_tournament_that_started_without_entries_can_be_rescheduled(studio: StudioCaller) -> None:
    uid = studio.tournament(schedules_at_timestamp=soon(hours=1))
    shift(uid, hours=-2)
    assert studio.get(at(uid)).ok()["tournament_status"] == "STARTED"
    later = dict.fromkeys(
        ["schedules_at_timestamp", "moves_to_lobby_at_timestamp", "starts_at_timestamp"], soon(hours=1)
    )
    assert studio.patch(at(uid), later).ok()["tournament_status"] == "DRAFT"

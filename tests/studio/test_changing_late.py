"""Changing a tournament that somebody joined, if only once: what still may move, and that nothing else does."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from esports.models import Seats, Tournament
from kgen.clock import database_now
from tests.support.http import StudioCaller
from tests.support.organising import allow_sponsorship, at, end, escrow, shift, soon, sponsor, stored, wire
from tests.support.threads import ledger_faults

pytestmark = pytest.mark.django_db

# 50 for the best: solvent from 3 gamers at 10 and a sponsorship of 20 on.
WINNER = {"kind": "fixed", "bands": [{"from_rank": 1, "to_rank": 1, "amount": 50}]}


@pytest.fixture
def uid(studio: StudioCaller) -> str:
    """A tournament of 100 seats over 10 hours, begun an hour ago, that one gamer has joined."""
    now = database_now()
    uid = studio.tournament(
        starts_at_timestamp=wire(now - timedelta(hours=1)),
        locks_at_timestamp=wire(now + timedelta(hours=5)),
        ends_at_timestamp=wire(now + timedelta(hours=9)),
        sponsored_amount=20,
        prize_table=WINNER,
        score_min=0,
        score_max=9,
        description="d",
    )
    studio.gamer("ann").join(uid).ok()
    return uid


def moved(uid: str, name: str, **delta: float) -> str:
    """A tournament's time, moved, as it is sent."""
    return wire(getattr(Tournament.objects.get(pk=uid), name) + timedelta(**delta))


def refused_changes(uid: str) -> dict[str, Any]:
    """One change of every field that nobody may make any more."""
    return {
        "mode": "Ranked",
        "buy_in_price": 11,
        "tournament_size": 99,
        "min_participants": 4,
        "score_order": "asc",
        "score_operator": "best",
        "score_min": None,
        "score_max": 10,
        "prize_table": "default",
        "tie_rule": "split",
        "sponsored_amount": 19,
        "settlement_delay_seconds": 1,
        "schedules_at_timestamp": moved(uid, "schedules_at", minutes=-1),
        "moves_to_lobby_at_timestamp": moved(uid, "moves_to_lobby_at", minutes=1),
        "starts_at_timestamp": moved(uid, "starts_at", minutes=-1),
        "locks_at_timestamp": moved(uid, "locks_at", seconds=-1),
        "ends_at_timestamp": moved(uid, "ends_at", seconds=-1),
    }


def test_a_forbidden_change_is_named_and_refuses_the_whole_call(studio: StudioCaller, uid: str) -> None:
    before, changes = stored(uid), refused_changes(uid)
    for name, value in changes.items():
        answer = studio.patch(at(uid), {"title": "New", "tournament_size": 200, name: value})
        assert answer.refused(409, "WRONG_STATE")["fields"] == [name]
    problem = studio.patch(at(uid), changes | {"title": "New", "score_source": "server"}).refused(409, "WRONG_STATE")
    assert problem["fields"] == sorted(changes)
    assert (stored(uid), escrow(uid), sponsor(studio)) == (before, 30, -20)


def test_texts_seats_money_and_time_may_still_grow(studio: StudioCaller, uid: str) -> None:
    before = studio.get(at(uid)).ok()
    wanted = {
        "title": "New",
        "description": "",
        "tournament_size": 101,
        "sponsored_amount": 21,
        "score_source": "server",
        "locks_at_timestamp": moved(uid, "locks_at", hours=10),
        "ends_at_timestamp": moved(uid, "ends_at", hours=10),
    }
    changed = studio.patch(at(uid), wanted).ok()
    assert changed == before | wanted | {"updated_at": changed["updated_at"]}
    assert studio.get(at(uid)).ok() == changed
    assert (escrow(uid), sponsor(studio)) == (31, -21)
    assert ledger_faults() == []


def test_equal_values_of_every_field_are_no_change(studio: StudioCaller, uid: str) -> None:
    before = stored(uid)
    hidden = {"score_min": 0, "score_max": 9, "settlement_delay_seconds": 0}
    as_read = studio.get(at(uid)).ok()
    assert studio.patch(at(uid), as_read | hidden).ok() == as_read
    assert stored(uid) == before


def test_the_score_source_changes_to_server_and_not_back(studio: StudioCaller, uid: str) -> None:
    ann = studio.gamer("ann")
    ann.score(uid, 1).ok()
    assert studio.patch(at(uid), {"score_source": "server"}).ok()["score_source"] == "server"
    ann.score(uid, 2).refused(403, "SCORE_SOURCE_NOT_ALLOWED")
    problem = studio.patch(at(uid), {"score_source": "any"}).refused(409, "WRONG_STATE")
    assert problem["fields"] == ["score_source"]
    assert studio.patch(at(uid), {"score_source": "server"}).status == 200


def test_an_operator_turned_into_a_sum_is_refused_without_naming_the_source(studio: StudioCaller, uid: str) -> None:
    problem = studio.patch(at(uid), {"score_operator": "sum"}).refused(409, "WRONG_STATE")
    assert problem["fields"] == ["score_operator"]


def test_a_lock_or_end_moves_by_at_most_the_original_length_in_total(studio: StudioCaller, uid: str) -> None:
    # 10 hours from start to end, however many steps it takes.
    for name, step in (("ends_at", 6), ("ends_at", 4), ("locks_at", 9), ("locks_at", 1)):
        studio.patch(at(uid), {f"{name}_timestamp": moved(uid, name, hours=step)}).ok()
    before = stored(uid)
    for name in ("ends_at", "locks_at"):
        further = {f"{name}_timestamp": moved(uid, name, microseconds=1)}
        assert studio.patch(at(uid), further).refused(409, "WRONG_STATE")["fields"] == [f"{name}_timestamp"]
    assert stored(uid) == before


def test_a_past_lock_cannot_move_while_the_end_can(studio: StudioCaller, uid: str) -> None:
    shift(uid, hours=-6)
    assert studio.get(at(uid)).ok()["tournament_status"] == "LOCKED"
    locks = {"locks_at_timestamp": moved(uid, "locks_at", hours=3)}
    assert studio.patch(at(uid), locks).refused(409, "WRONG_STATE")["fields"] == ["locks_at_timestamp"]
    ends = moved(uid, "ends_at", hours=1)
    assert studio.patch(at(uid), {"ends_at_timestamp": ends}).ok()["ends_at_timestamp"] == ends
    studio.gamer("bob").join(uid).refused(400, "TOURNAMENT_IS_NOT_LIVE")


def test_a_later_lock_admits_gamers_until_the_new_lock(studio: StudioCaller, uid: str) -> None:
    locks = moved(uid, "locks_at", hours=4)
    assert studio.patch(at(uid), {"locks_at_timestamp": locks}).ok()["locks_at_timestamp"] == locks
    shift(uid, hours=-8)
    studio.gamer("bob").join(uid).ok()
    shift(uid, minutes=-90)
    studio.gamer("cy").join(uid).refused(400, "TOURNAMENT_IS_NOT_LIVE")


def test_a_lock_beyond_the_end_is_out_of_order(studio: StudioCaller, uid: str) -> None:
    problem = studio.patch(at(uid), {"locks_at_timestamp": moved(uid, "ends_at", seconds=1)}).refused(
        400, "BAD_REQUEST"
    )
    assert [fault["field"] for fault in problem["errors"]] == ["ends_at_timestamp"]


def test_more_seats_must_still_be_payable(studio: StudioCaller) -> None:
    # A sixth gamer would win 11 for a stake of 10, until the sponsorship has paid for nine.
    table = {
        "kind": "fixed",
        "bands": [{"from_rank": 1, "to_rank": 5, "amount": 10}, {"from_rank": 6, "to_rank": 20, "amount": 11}],
    }
    uid = studio.tournament(tournament_size=5, prize_table=table)
    studio.gamer("ann").join(uid).ok()
    before = stored(uid)
    problem = studio.patch(at(uid), {"tournament_size": 8}).refused(400, "PRIZE_TABLE_INSOLVENT")
    assert problem["field_size"] == 6
    assert stored(uid) == before
    assert studio.patch(at(uid), {"tournament_size": 8, "sponsored_amount": 3}).ok()["tournament_size"] == 8
    assert studio.patch(at(uid), {"tournament_size": 9}).refused(400, "PRIZE_TABLE_INSOLVENT")["field_size"] == 9


def test_more_seats_let_more_gamers_in(studio: StudioCaller) -> None:
    uid = studio.tournament(tournament_size=1)
    studio.gamer("ann").join(uid).ok()
    bob = studio.gamer("bob")
    bob.join(uid).refused(409, "TOURNAMENT_IS_FULL")
    assert studio.patch(at(uid), {"tournament_size": 2}).ok()["participants_count"] == 1
    bob.join(uid).ok()
    studio.patch(at(uid), {"tournament_size": 2**52}).refused(400, "BAD_REQUEST")


def test_more_sponsorship_is_held_to_the_limit(studio: StudioCaller, uid: str) -> None:
    allow_sponsorship(studio, 25)
    before = stored(uid)
    studio.patch(at(uid), {"sponsored_amount": 26, "title": "New"}).refused(409, "INSUFFICIENT_BALANCE")
    assert (stored(uid), escrow(uid), sponsor(studio)) == (before, 30, -20)
    studio.patch(at(uid), {"sponsored_amount": 25}).ok()
    assert (escrow(uid), sponsor(studio)) == (35, -25)


def test_a_gamer_who_joined_and_left_still_limits_changes(studio: StudioCaller) -> None:
    uid = studio.tournament()
    ann = studio.gamer("ann")
    ann.join(uid).ok()
    ann.leave(uid).ok()
    assert Seats.objects.get(pk=uid).taken == 0
    problem = studio.patch(at(uid), {"buy_in_price": 20}).refused(409, "WRONG_STATE")
    assert problem["fields"] == ["buy_in_price"]
    ann.join(uid, 10).ok()


def test_a_refused_join_does_not_fix_the_terms(studio: StudioCaller) -> None:
    uid = studio.tournament(buy_in_price=60)
    ann = studio.gamer("ann")
    ann.join(uid, 60).refused(409, "INSUFFICIENT_BALANCE")
    assert studio.patch(at(uid), {"buy_in_price": 50}).ok()["buy_in_price"] == 50
    ann.join(uid, 50).ok()


def test_only_texts_can_change_after_the_end(studio: StudioCaller, uid: str) -> None:
    end(uid)
    growing = {"tournament_size": 101, "sponsored_amount": 21, "score_source": "server"}
    later = {"locks_at_timestamp": soon(hours=1), "ends_at_timestamp": soon(hours=1)}
    before = stored(uid)
    problem = studio.patch(at(uid), growing | later | {"title": "New"}).refused(409, "WRONG_STATE")
    assert problem["fields"] == sorted(growing | later)
    assert stored(uid) == before
    assert studio.patch(at(uid), {"title": "New"}).ok()["title"] == "New"


def test_only_texts_can_change_after_a_cancellation(studio: StudioCaller, uid: str) -> None:
    studio.post(at(uid, "/cancel")).ok()
    growing = {"tournament_size": 101, "sponsored_amount": 21, "ends_at_timestamp": moved(uid, "ends_at", hours=1)}
    problem = studio.patch(at(uid), growing).refused(409, "WRONG_STATE")
    assert problem["fields"] == sorted(growing)
    changed = studio.patch(at(uid), {"description": "sorry"}).ok()
    assert (changed["description"], changed["tournament_status"]) == ("sorry", "CANCELLED")
    assert (escrow(uid), sponsor(studio)) == (0, 0)


def test_an_extension_past_five_years_is_refused(studio: StudioCaller) -> None:
    uid = studio.tournament(ends_at_timestamp=soon(days=4 * 365))
    studio.gamer("ann").join(uid).ok()
    problem = studio.patch(at(uid), {"ends_at_timestamp": soon(days=6 * 365)}).refused(400, "BAD_REQUEST")
    assert [(fault["field"], fault["code"]) for fault in problem["errors"]] == [("ends_at_timestamp", "too_far_away")]
    reached = studio.patch(at(uid), {"ends_at_timestamp": soon(days=4 * 365 + 200)}).ok()["ends_at_timestamp"]
    assert datetime.fromisoformat(reached) > datetime.fromisoformat(soon(days=4 * 365))

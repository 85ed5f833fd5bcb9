"""Joining and leaving: a seat and a stake, all or none; every refusal, their order, the window to the microsecond."""

from datetime import datetime
from typing import Any

import pytest

from esports.models import Participation
from tests.support.addresses import UNKNOWN_UID
from tests.support.http import GamerCaller, Gamers, StudioCaller
from tests.support.organising import escrow
from tests.support.time import INSTANT, clock_at, hourly, timetable
from wallet.models import Transaction

pytestmark = pytest.mark.django_db


def facts(uid: str, gamer: GamerCaller) -> tuple[Any, ...]:
    """What a join or a leave would change."""
    participations = Participation.objects.filter(tournament=uid).count()
    live = Participation.objects.filter(tournament=uid, left_at=None).count()
    return gamer.buckets(), participations, live, escrow(uid), Transaction.objects.count()


def participants(gamer: GamerCaller, uid: str) -> int:
    """How many are in it, as the gamer sees it."""
    return int(gamer.get(f"/fe/esports/tournaments/{uid}").ok()["participants_count"])


# --- What they do


def test_a_join_takes_a_seat_and_the_stake(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament(buy_in_price=50)
    assert gamer.join(uid, 50).ok() == {"message": "user successfully joined the tournament"}
    assert (gamer.buckets(), escrow(uid), participants(gamer, uid)) == ((0, 0, 0), 50, 1)
    participation = Participation.objects.get()
    assert (str(participation.tournament_id), participation.stake, participation.left_at, participation.score) == (
        uid,
        50,
        None,
        None,
    )


def test_a_leave_returns_the_stake_to_its_buckets(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament(buy_in_price=60)
    studio.deposit(gamer.user_id, 30, "d1").ok(201)
    gamer.join(uid, 60).ok()
    assert gamer.buckets() == (0, 20, 0)
    assert gamer.leave(uid).ok() == {"message": "user left the tournament successfully"}
    assert (gamer.buckets(), escrow(uid), participants(gamer, uid)) == ((50, 30, 0), 0, 0)
    assert gamer.get("/fe/esports/tournaments/participated").ok() == []


def test_another_gamer_can_take_a_seat_that_was_left(studio: StudioCaller, gamers: Gamers) -> None:
    ann, bob = gamers(2)
    uid = studio.tournament(tournament_size=1)
    ann.join(uid).ok()
    bob.join(uid).refused(409, "TOURNAMENT_IS_FULL")
    ann.leave(uid).ok()
    bob.join(uid).ok()
    assert participants(ann, uid) == 1


def test_rejoining_makes_a_new_participation_and_the_old_one_never_ranks(studio: StudioCaller, gamers: Gamers) -> None:
    ann, bob = gamers(2)
    uid = studio.tournament()
    for step in (ann.join, ann.leave, ann.join, bob.join):
        step(uid).ok()
    bob.score(uid, 5).ok()
    ann.score(uid, 5).ok()
    first, second = Participation.objects.filter(gamer__user_id=ann.user_id).order_by("id")
    assert (first.left_at is None, first.score, first.rank_key) == (False, None, None)
    assert (second.left_at, second.score) == (None, 5)
    assert [(row["user_id"], row["rank"]) for row in ann.board(uid)["leaderboard"]] == [
        (bob.user_id, 1),
        (ann.user_id, 2),
    ]
    assert (ann.buckets(), escrow(uid), participants(ann, uid)) == ((40, 0, 0), 20, 2)


def test_a_second_join_is_refused_and_charges_no_stake(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament()
    gamer.join(uid).ok()
    before = facts(uid, gamer)
    gamer.join(uid).refused(409, "EXISTING_PARTICIPATION_FOUND")
    assert facts(uid, gamer) == before


def test_a_free_tournament_moves_no_money(studio: StudioCaller, gamers: Gamers) -> None:
    ann, bob = gamers(2)
    everything = studio.tournament(buy_in_price=50)
    ann.join(everything, 50).ok()
    uid = studio.tournament(buy_in_price=0)
    booked = Transaction.objects.count()
    ann.join(uid, 0).ok()
    bob.join(uid, 0).ok()
    bob.join(uid, 0).refused(409, "EXISTING_PARTICIPATION_FOUND")
    bob.leave(uid).ok()
    ann.score(uid, 1).ok()
    assert (ann.buckets(), bob.buckets()) == ((0, 0, 0), (50, 0, 0))
    assert (Transaction.objects.count(), participants(ann, uid)) == (booked, 1)
    bob.join(uid, 10).refused(400, "TOURNAMENT_INVALID_JOINING_STAKE")


# --- What they refuse, in this order


def test_join_refuses_in_the_order_of_the_contract(studio: StudioCaller, gamers: Gamers) -> None:
    ann, bob = gamers(2)
    uid, other = hourly(studio, tournament_size=1), studio.tournament(buy_in_price=40)
    times = timetable(uid)
    with clock_at(times.schedules_at):
        ann.join(uid, 10).ok()
    ann.join(other, 40).ok()
    studio.post(f"/s2s/gamers/{ann.user_id}/suspend", {"reason": "review"}).ok()
    bob.join(other, 40).ok()
    booked = Transaction.objects.count()

    # ann has everything against her: suspended, a window that is over, the wrong stake, in it, full, no money.
    GamerCaller({}).join(UNKNOWN_UID, "x").refused(401, "UN_AUTHORIZED")  # type: ignore[arg-type]
    ann.join(UNKNOWN_UID, "x").refused(400, "BAD_REQUEST")  # type: ignore[arg-type]
    ann.join(UNKNOWN_UID, 11).refused(404, "TOURNAMENT_NOT_FOUND")
    with clock_at(times.locks_at):
        ann.join(uid, 11).refused(403, "GAMER_SUSPENDED")
        studio.post(f"/s2s/gamers/{ann.user_id}/lift", {"reason": "cleared"}).ok()
        ann.join(uid, 11).refused(400, "TOURNAMENT_IS_NOT_LIVE")
    with clock_at(times.starts_at):
        ann.join(uid, 11).refused(400, "TOURNAMENT_INVALID_JOINING_STAKE")
        ann.join(uid, 10).refused(409, "EXISTING_PARTICIPATION_FOUND")
        studio.deposit(ann.user_id, 1, "little").ok(201)
        # bob has 10 left, of which a third tournament takes 5: too little for a seat that there is not.
        bob.join(studio.tournament(buy_in_price=5), 5).ok()
        bob.join(uid, 10).refused(409, "TOURNAMENT_IS_FULL")
        studio.patch(f"/s2s/esports/tournaments/{uid}", {"tournament_size": 2}).ok()
        bob.join(uid, 10).refused(409, "INSUFFICIENT_BALANCE")
        assert Transaction.objects.count() == booked + 2
        studio.deposit(bob.user_id, 5, "rest").ok(201)
        bob.join(uid, 10).ok()
    assert (bob.buckets(), participants(ann, other)) == ((0, 0, 0), 2)


def test_leave_refuses_in_the_order_of_the_contract(studio: StudioCaller, gamers: Gamers) -> None:
    ann, bob = gamers(2)
    uid = hourly(studio)
    times = timetable(uid)
    with clock_at(times.starts_at):
        ann.join(uid).ok()
        ann.score(uid, 1).ok()
    for gamer in (ann, bob):
        studio.post(f"/s2s/gamers/{gamer.user_id}/suspend", {"reason": "review"}).ok()
    GamerCaller({}).leave(UNKNOWN_UID).refused(401, "UN_AUTHORIZED")
    ann.leave(UNKNOWN_UID, raw=b"[").refused(400, "BAD_REQUEST")
    ann.leave(UNKNOWN_UID).refused(404, "TOURNAMENT_NOT_FOUND")
    with clock_at(times.locks_at):
        for gamer in (ann, bob):
            gamer.leave(uid).refused(403, "GAMER_SUSPENDED")
            studio.post(f"/s2s/gamers/{gamer.user_id}/lift", {"reason": "cleared"}).ok()
        bob.leave(uid).refused(404, "TOURNAMENT_PARTICIPATION_NOT_FOUND")
        ann.leave(uid).refused(400, "TOURNAMENT_IS_NOT_LIVE")
    with clock_at(times.locks_at - INSTANT):
        before = facts(uid, ann)
        ann.leave(uid).refused(409, "WRONG_STATE")
        assert facts(uid, ann) == before


def test_a_second_leave_is_refused(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament()
    gamer.join(uid).ok()
    gamer.leave(uid).ok()
    before = facts(uid, gamer)
    gamer.leave(uid).refused(404, "TOURNAMENT_PARTICIPATION_NOT_FOUND")
    assert facts(uid, gamer) == before


def test_an_invalid_stake_is_refused(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament()
    bad: list[Any] = [None, "10", 10.5, True, -1, 2**53, [10], {"value": 10}]
    for stake in bad:
        body = gamer.join(uid, stake).refused(400, "BAD_REQUEST")
        assert [fault["field"] for fault in body["errors"]] == ["joiningStake"], stake
    assert participants(gamer, uid) == 0


def test_a_stake_is_required(studio: StudioCaller, gamer: GamerCaller) -> None:
    body = gamer.post(f"/fe/esports/tournaments/{studio.tournament()}/join", {}).refused(400, "BAD_REQUEST")
    assert [(fault["field"], fault["code"]) for fault in body["errors"]] == [("joiningStake", "required")]


# --- The window: from schedules to locks


@pytest.mark.parametrize(
    ("name", "offset", "is_open"),
    [
        ("schedules_at", 0 * INSTANT, True),
        ("moves_to_lobby_at", 0 * INSTANT, True),
        ("starts_at", 0 * INSTANT, True),
        ("locks_at", -INSTANT, True),
        ("locks_at", 0 * INSTANT, False),
        ("ends_at", -INSTANT, False),
        ("ends_at", 0 * INSTANT, False),
    ],
)
def test_joining_and_leaving_are_open_from_schedules_until_locks(
    studio: StudioCaller, gamers: Gamers, name: str, offset: Any, is_open: bool
) -> None:
    ann, bob = gamers(2)
    uid = hourly(studio)
    moment: datetime = getattr(timetable(uid), name) + offset
    with clock_at(timetable(uid).schedules_at):
        bob.join(uid).ok()
    with clock_at(moment):
        answers = [ann.join(uid), bob.leave(uid)]
    for answer in answers:
        answer.ok() if is_open else answer.refused(400, "TOURNAMENT_IS_NOT_LIVE")
    assert Participation.objects.filter(gamer__user_id=ann.user_id, joined_at=moment).exists() is is_open
    assert Participation.objects.filter(gamer__user_id=bob.user_id, left_at=moment).exists() is is_open


def test_a_cancelled_tournament_is_outside_every_window(studio: StudioCaller, gamers: Gamers) -> None:
    ann, bob = gamers(2)
    uid = studio.tournament()
    bob.join(uid).ok()
    studio.post(f"/s2s/esports/tournaments/{uid}/cancel").ok()
    before = facts(uid, bob)
    ann.join(uid).refused(400, "TOURNAMENT_IS_NOT_LIVE")
    bob.leave(uid).refused(400, "TOURNAMENT_IS_NOT_LIVE")
    bob.score(uid, 1).refused(400, "TOURNAMENT_IS_NOT_LIVE")
    assert facts(uid, bob) == before

"""Leaving, cancelling and sweeping at once: every stake goes back once, and to whom it came from."""

from functools import partial

import pytest

from esports.models import Participation, Seats, Tournament
from esports.services import cancelling
from tests.support.http import GamerCaller, Gamers, StudioCaller
from tests.support.threads import (
    at_once,
    await_end,
    begin_blocked,
    bonuses,
    holding_seats,
    move_end,
    outcomes,
    together,
)
from wallet.models import Kind, Transaction

NOT_LIVE = (400, "TOURNAMENT_IS_NOT_LIVE")
NOT_IN_IT = (404, "TOURNAMENT_PARTICIPATION_NOT_FOUND")


def booked(kind: Kind) -> int:
    """How many transactions of that kind the ledger has."""
    return Transaction.objects.filter(kind=kind).count()


def test_100_parallel_leaves_of_a_participation_refund_the_stake_once(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament(buy_in_price=10)
    gamer.join(uid).ok()
    assert outcomes(at_once(100, lambda: gamer.leave(uid))) == {(200, ""): 1, NOT_IN_IT: 99}
    assert gamer.buckets() == (50, 0, 0)
    assert booked(Kind.LEAVE) == 1
    assert Seats.objects.get().taken == 0


def test_parallel_joins_and_leaves_of_a_gamer_alternate(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament(buy_in_price=10)
    found = outcomes(together([lambda: gamer.join(uid), lambda: gamer.leave(uid)] * 20))
    assert set(found) <= {(200, ""), NOT_IN_IT, (409, "EXISTING_PARTICIPATION_FOUND")}
    joins, leaves = booked(Kind.JOIN), booked(Kind.LEAVE)
    assert joins + leaves == found[200, ""]
    assert joins - leaves == Seats.objects.get().taken == Participation.objects.filter(left_at=None).count()
    assert joins - leaves in (0, 1)
    assert gamer.buckets() == (50 - 10 * (joins - leaves), 0, 0)


def test_a_join_during_a_cancellation_is_refused_or_refunded(studio: StudioCaller, gamers: Gamers) -> None:
    crowd = gamers(19)
    for _ in range(2):
        uid = studio.tournament(buy_in_price=10)
        calls = [partial(one.join, uid) for one in crowd]
        calls.insert(9, partial(studio.post, f"/s2s/esports/tournaments/{uid}/cancel", {}))
        answers = together(calls)
        cancelled = answers.pop(9).ok()
        assert (cancelled["tournament_status"], cancelled["refunds_pending"]) == ("CANCELLED", 0)
        found = outcomes(answers)
        assert set(found) <= {(200, ""), NOT_LIVE}
        participations = Participation.objects.filter(tournament=uid)
        assert participations.count() == participations.filter(refunded_at__isnull=False).count() == found[200, ""]
    assert set(bonuses().values()) == {50}
    assert booked(Kind.REFUND) == booked(Kind.JOIN)


def test_a_leave_during_a_cancellation_is_refunded_once(studio: StudioCaller, gamers: Gamers) -> None:
    crowd = gamers(19)
    uid = studio.tournament(buy_in_price=10)
    for one in crowd:
        one.join(uid).ok()
    calls = [partial(one.leave, uid) for one in crowd]
    calls.insert(9, partial(studio.post, f"/s2s/esports/tournaments/{uid}/cancel", {}))
    answers = together(calls)
    assert answers.pop(9).ok()["refunds_pending"] == 0
    found = outcomes(answers)
    assert set(found) <= {(200, ""), NOT_LIVE}
    assert (booked(Kind.LEAVE), booked(Kind.REFUND)) == (found[200, ""], found[NOT_LIVE])
    assert set(bonuses().values()) == {50}


@pytest.mark.parametrize("first", ["leave", "cancel"])
def test_a_queued_leave_and_cancellation_refund_the_stake_once(
    studio: StudioCaller, gamer: GamerCaller, first: str
) -> None:
    uid = studio.tournament(buy_in_price=10)
    gamer.join(uid).ok()
    calls = {
        "leave": partial(gamer.leave, uid),
        "cancel": partial(studio.post, f"/s2s/esports/tournaments/{uid}/cancel", {}),
    }
    names = sorted(calls, key=lambda name: name != first)
    with holding_seats(uid):
        runners = dict(zip(names, begin_blocked(*(calls[name] for name in names)), strict=True))
    assert runners["cancel"].result().status == 200
    assert outcomes([runners["leave"].result()]) == {(200, "") if first == "leave" else NOT_LIVE: 1}
    kinds = (booked(Kind.LEAVE), booked(Kind.REFUND))
    assert kinds == ((1, 0) if first == "leave" else (0, 1))
    assert gamer.buckets() == (50, 0, 0)


def test_20_parallel_cancellations_cancel_the_tournament_once(studio: StudioCaller, gamers: Gamers) -> None:
    uid = studio.tournament(buy_in_price=10, sponsored_amount=500)
    crowd = gamers(5)
    for one in crowd:
        one.join(uid).ok()
    answers = at_once(20, lambda: studio.post(f"/s2s/esports/tournaments/{uid}/cancel", {"reason": "rain"}))
    assert outcomes(answers) == {(200, ""): 20}
    assert len({answer.content for answer in answers}) == 1
    assert booked(Kind.REFUND) == 5
    assert booked(Kind.SPONSORSHIP) == 2
    assert set(bonuses().values()) == {50}


def test_a_cancellation_that_waits_while_the_end_passes_is_refused(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament(buy_in_price=10)
    gamer.join(uid).ok()
    move_end(uid, 0.5)
    with holding_seats(uid):
        (cancel,) = begin_blocked(partial(studio.post, f"/s2s/esports/tournaments/{uid}/cancel", {}))
        await_end(uid)
    cancel.result().refused(409, "WRONG_STATE")
    assert Tournament.objects.get().cancelled_at is None


def test_parallel_sweepers_refund_every_stake_once(
    studio: StudioCaller, gamers: Gamers, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Small portions, so that the sweepers meet in the middle of a tournament.
    monkeypatch.setattr(cancelling, "REFUNDS_AT_ONCE", 4)
    crowd = gamers(15)
    cups = [studio.tournament(buy_in_price=10, min_participants=50, sponsored_amount=100) for _ in range(3)]
    for uid in cups:
        together([partial(one.join, uid) for one in crowd])
        move_end(uid, 0)
    at_once(8, cancelling.book_cancellations)
    # A sweeper that found a tournament in other hands has left it to them: they have finished it.
    assert Tournament.objects.filter(refunded_at=None).count() == 0
    assert Participation.objects.filter(refunded_at=None).count() == 0
    assert (booked(Kind.JOIN), booked(Kind.REFUND), booked(Kind.SPONSORSHIP)) == (45, 45, 6)
    assert set(bonuses().values()) == {50}
    assert cancelling.book_cancellations() == 0


def test_a_parallel_sweep_and_cancellation_refund_every_stake_once(studio: StudioCaller, gamers: Gamers) -> None:
    crowd = gamers(10)
    for _ in range(3):
        uid = studio.tournament(buy_in_price=10)
        for one in crowd:
            one.join(uid).ok()
        cancel = partial(studio.post, f"/s2s/esports/tournaments/{uid}/cancel", {})
        answers = together([cancel, *[cancelling.book_cancellations] * 5, cancel])
        assert (answers[0].status, answers[-1].status) == (200, 200)
        assert set(bonuses().values()) == {50}
    assert booked(Kind.REFUND) == 30

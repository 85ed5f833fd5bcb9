"""Cancelling by hand: at once, every stake and the sponsorship back to where they came from, once."""

import pytest

from esports.models import Participation, Tournament
from esports.services.cancelling import book_cancellations
from tests.support.http import StudioCaller
from tests.support.organising import at, end, escrow, refunds, seat_many, shift, soon, sponsor, stored
from tests.support.threads import ledger_faults
from wallet.models import Account, Bucket, Kind, Transaction


def bonus_of_all() -> list[int]:
    """The different balances of bonus money that there are."""
    return sorted(set(Account.objects.filter(kind=Bucket.BONUS).values_list("balance", flat=True)))


@pytest.mark.django_db
def test_a_cancellation_refunds_every_stake_and_the_sponsorship(studio: StudioCaller) -> None:
    uid = studio.tournament(buy_in_price=60, sponsored_amount=500)
    before = studio.get(at(uid)).ok()
    ann, bob = studio.gamer("ann"), studio.gamer("bob")
    for gamer in (ann, bob):
        studio.deposit(gamer.user_id, 25, f"r-{gamer.user_id}").ok(201)
        gamer.join(uid, 60).ok()
    ann.score(uid, 7).ok()
    assert (ann.buckets(), escrow(uid), sponsor(studio)) == ((0, 15, 0), 620, -500)
    done = studio.post(at(uid, "/cancel"), {"reason": "server trouble"}).ok()
    assert done == before | {
        "tournament_status": "CANCELLED",
        "participants_count": 2,
        "updated_at": done["updated_at"],
        "refunds_pending": 0,
    }
    assert (ann.buckets(), bob.buckets(), escrow(uid), sponsor(studio)) == ((50, 25, 0), (50, 25, 0), 0, 0)
    assert stored(uid)["cancel_reason"] == "server trouble"
    assert (refunds(), ledger_faults()) == (2, [])
    statement = ann.get("/fe/wallet/transactions").ok()["transactions"][0]
    assert (statement["amount"], statement["description"]["type"]) == (60, "REFUND")


@pytest.mark.django_db
def test_a_repeated_cancellation_gets_the_same_answer_and_refunds_once(studio: StudioCaller) -> None:
    uid = studio.tournament(sponsored_amount=5)
    ann = studio.gamer("ann")
    ann.join(uid).ok()
    first = studio.post(at(uid, "/cancel"), {"reason": "one"})
    for body in ({"reason": "another"}, {}, None, {"reason": None}, {"reason": ""}):
        again = studio.post(at(uid, "/cancel"), body)
        assert (again.status, again.content) == (200, first.content)
    assert stored(uid)["cancel_reason"] == "one"
    assert (refunds(), ann.buckets(), sponsor(studio)) == (1, (50, 0, 0), 0)
    end(uid)
    late = studio.post(at(uid, "/cancel")).ok()
    assert (late["tournament_status"], late["refunds_pending"]) == ("CANCELLED", 0)


@pytest.mark.django_db
def test_a_cancelled_tournament_takes_no_calls(studio: StudioCaller) -> None:
    uid = studio.tournament()
    ann, bob = studio.gamer("ann"), studio.gamer("bob")
    ann.join(uid).ok()
    studio.post(at(uid, "/cancel")).ok()
    bob.join(uid).refused(400, "TOURNAMENT_IS_NOT_LIVE")
    ann.leave(uid).refused(400, "TOURNAMENT_IS_NOT_LIVE")
    ann.score(uid, 1).refused(400, "TOURNAMENT_IS_NOT_LIVE")
    rows = studio.post(at(uid, "/scores"), {"scores": [{"user_id": "ann", "value": 1}]}).ok()["results"]
    assert rows == [{"user_id": "ann", "status": "refused", "code": "TOURNAMENT_IS_NOT_LIVE"}]
    assert ann.get("/fe/esports/tournaments/active").ok() == []
    assert ann.get(f"/fe/esports/tournaments/{uid}").ok()["tournament_status"] == "CANCELLED"
    assert [row["result"] for row in ann.get("/fe/esports/statistics/historic").ok()] == ["Cancelled"]


@pytest.mark.django_db
def test_a_gamer_who_left_is_not_refunded_twice(studio: StudioCaller) -> None:
    uid = studio.tournament()
    ann = studio.gamer("ann")
    for _ in range(2):
        ann.join(uid).ok()
        ann.leave(uid).ok()
    ann.join(uid).ok()
    studio.post(at(uid, "/cancel")).ok()
    assert (ann.buckets(), refunds(), escrow(uid)) == ((50, 0, 0), 1, 0)
    assert Transaction.objects.filter(kind=Kind.LEAVE).count() == 2


@pytest.mark.django_db
def test_a_draft_can_be_cancelled_and_an_empty_one_too(studio: StudioCaller) -> None:
    for times in ({"schedules_at_timestamp": soon(hours=1)}, {}):
        uid = studio.tournament(sponsored_amount=9, **times)
        done = studio.post(at(uid, "/cancel")).ok()
        assert (done["tournament_status"], done["refunds_pending"], sponsor(studio)) == ("CANCELLED", 0, 0)
    assert refunds() == 0


@pytest.mark.django_db
def test_a_tournament_cannot_be_cancelled_from_its_end_on(studio: StudioCaller) -> None:
    uid = studio.tournament(sponsored_amount=9)
    ann = studio.gamer("ann")
    ann.join(uid).ok()
    end(uid)
    before = stored(uid)
    studio.post(at(uid, "/cancel"), {"reason": "late"}).refused(409, "WRONG_STATE")
    assert (stored(uid), escrow(uid), ann.buckets()) == (before, 19, (40, 0, 0))


@pytest.mark.django_db
@pytest.mark.parametrize("reason", ["x" * 501, 5, ["why"], True])
def test_a_reason_is_a_text_of_at_most_500_characters(studio: StudioCaller, reason: object) -> None:
    uid = studio.tournament()
    problem = studio.post(at(uid, "/cancel"), {"reason": reason}).refused(400, "BAD_REQUEST")
    assert [fault["field"] for fault in problem["errors"]] == ["reason"]
    assert studio.get(at(uid)).ok()["tournament_status"] == "STARTED"
    assert studio.post(at(uid, "/cancel"), {"reason": "x" * 500}).status == 200


def test_a_field_of_a_thousand_is_refunded_within_the_call(committed: None, studio: StudioCaller) -> None:
    uid = studio.tournament(tournament_size=1000, buy_in_price=0, sponsored_amount=77)
    seat_many(uid, 1000)
    assert studio.post(at(uid, "/cancel")).ok()["refunds_pending"] == 0
    assert (escrow(uid), sponsor(studio), Participation.objects.filter(refunded_at=None).count()) == (0, 0, 0)
    assert Tournament.objects.get().refunded_at is not None


def test_refunds_beyond_a_thousand_are_due_and_booked_by_the_sweep(committed: None, studio: StudioCaller) -> None:
    uid = studio.tournament(tournament_size=1003, sponsored_amount=77)
    seat_many(uid, 1003)
    done = studio.post(at(uid, "/cancel")).ok()
    assert (done["tournament_status"], done["refunds_pending"]) == ("CANCELLED", 3)
    assert (escrow(uid), sponsor(studio), refunds()) == (107, -77, 1000)
    assert studio.post(at(uid, "/cancel")).ok() == done
    assert refunds() == 1000
    assert book_cancellations() == 1
    assert studio.post(at(uid, "/cancel")).ok() == done | {"refunds_pending": 0}
    assert (escrow(uid), sponsor(studio), bonus_of_all(), refunds()) == (0, 0, [10], 1003)
    assert Participation.objects.filter(refunded_at=None).count() == 0
    assert book_cancellations() == 0
    assert ledger_faults() == []


@pytest.mark.django_db
def test_a_free_tournament_has_nothing_to_refund(studio: StudioCaller) -> None:
    uid = studio.tournament(buy_in_price=0)
    ann = studio.gamer("ann")
    ann.join(uid, 0).ok()
    assert studio.post(at(uid, "/cancel")).ok()["refunds_pending"] == 0
    assert (ann.buckets(), refunds()) == ((50, 0, 0), 0)
    shift(uid, days=-2)
    assert ann.get("/fe/esports/tournaments/participated").ok() == [uid]

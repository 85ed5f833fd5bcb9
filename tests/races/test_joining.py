"""Many joins at once: seats and money are each given once, and nobody gets an answer that is not true."""

from collections.abc import Callable

from esports.models import Participation, Seats
from tests.support.http import GamerCaller, StudioCaller
from tests.support.threads import FULL, at_once, begin_blocked, bonuses, holding_seats, outcomes, together
from wallet.models import Kind, Transaction

NO_MONEY = (409, "INSUFFICIENT_BALANCE")
EXISTING = (409, "EXISTING_PARTICIPATION_FOUND")


def joins_booked() -> int:
    """How many stakes the ledger has taken."""
    return Transaction.objects.filter(kind=Kind.JOIN).count()


def test_100_parallel_joins_with_money_for_one_pay_one(studio: StudioCaller, gamer: GamerCaller) -> None:
    cups = [studio.tournament(buy_in_price=50, tournament_size=5) for _ in range(100)]
    answers = together([lambda uid=uid: gamer.join(uid, 50) for uid in cups])
    assert outcomes(answers) == {(200, ""): 1, NO_MONEY: 99}
    joined = [uid for uid, answer in zip(cups, answers, strict=True) if answer.status == 200]
    assert gamer.get("/fe/esports/tournaments/participated").ok() == joined
    assert gamer.buckets() == (0, 0, 0)
    assert joins_booked() == 1
    assert sorted(Seats.objects.values_list("taken", flat=True)) == [0] * 99 + [1]


def test_100_parallel_joins_of_a_tournament_join_once(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament(buy_in_price=10)
    answers = at_once(100, lambda: gamer.join(uid, 10))
    assert outcomes(answers) == {(200, ""): 1, EXISTING: 99}
    assert gamer.buckets() == (40, 0, 0)
    assert (joins_booked(), Participation.objects.count()) == (1, 1)
    assert Seats.objects.get().taken == 1


def test_ten_seats_are_taken_by_ten_of_100_gamers(
    studio: StudioCaller, gamers: Callable[[int], list[GamerCaller]]
) -> None:
    uid = studio.tournament(buy_in_price=10, tournament_size=10)
    crowd = gamers(100)
    answers = together([lambda one=one: one.join(uid, 10) for one in crowd])
    assert outcomes(answers) == {(200, ""): 10, FULL: 90}
    paid = {one.user_id: 40 if answer.status == 200 else 50 for one, answer in zip(crowd, answers, strict=True)}
    assert bonuses() == paid
    assert crowd[0].get(f"/fe/esports/tournaments/{uid}").ok()["participants_count"] == 10
    assert joins_booked() == 10


def test_parallel_leaves_and_joins_give_each_seat_to_one_gamer(
    studio: StudioCaller, gamers: Callable[[int], list[GamerCaller]]
) -> None:
    uid = studio.tournament(buy_in_price=10, tournament_size=5)
    crowd = gamers(20)
    for one in crowd[:5]:
        one.join(uid).ok()
    leaving, joining = crowd[:5], crowd[5:]
    answers = together(
        [*[lambda one=one: one.leave(uid) for one in leaving], *[lambda one=one: one.join(uid) for one in joining]]
    )
    assert outcomes(answers[:5]) == {(200, ""): 5}
    joined = outcomes(answers[5:])
    assert set(joined) <= {(200, ""), FULL}
    assert joined[200, ""] <= 5
    assert Seats.objects.get().taken == joined[200, ""] == Participation.objects.filter(left_at=None).count()


def test_a_join_that_waits_while_the_buy_in_changes_pays_the_new_one(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament(buy_in_price=10)
    with holding_seats(uid):
        change, stale, fresh = begin_blocked(
            lambda: studio.patch(f"/s2s/esports/tournaments/{uid}", {"buy_in_price": 20}),
            lambda: gamer.join(uid, 10),
            lambda: gamer.join(uid, 20),
        )
    assert change.result().ok()["buy_in_price"] == 20
    stale.result().refused(400, "TOURNAMENT_INVALID_JOINING_STAKE")
    fresh.result().ok()
    assert gamer.buckets() == (30, 0, 0)
    assert Participation.objects.get().stake == 20

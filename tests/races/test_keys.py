"""One Idempotency-Key used by many at once: one effect, and nobody is told anything else than what happened."""

from functools import partial

import pytest

from esports.models import Participation, ScoreEvent
from kgen.models import IdempotencyKey
from tests.support.http import Answer, GamerCaller, StudioCaller
from tests.support.threads import at_once, begin_blocked, holding_seats, outcomes, together
from wallet.models import Kind, Transaction

IN_PROGRESS = (409, "IDEMPOTENCY_IN_PROGRESS")


def first_of(answers: list[Answer], status: int = 200) -> Answer:
    """The one answer that came with the effect; fails unless all others repeat it or say that it is under way."""
    assert set(outcomes(answers)) <= {(status, ""), IN_PROGRESS}
    done = [answer for answer in answers if answer.status == status]
    (first,) = [answer for answer in done if "Idempotent-Replayed" not in answer.headers]
    assert {answer.content for answer in done} == {first.content}
    return first


def test_50_parallel_joins_with_one_key_are_one_join(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament(buy_in_price=10)
    first = first_of(at_once(50, lambda: gamer.join(uid, key="k-1")))
    again = gamer.join(uid, key="k-1")
    assert (again.status, again.content, again.headers["Idempotent-Replayed"]) == (200, first.content, "true")
    assert Participation.objects.count() == Transaction.objects.filter(kind=Kind.JOIN).count() == 1
    assert gamer.buckets() == (40, 0, 0)


def test_50_parallel_creations_with_one_key_are_one_tournament(studio: StudioCaller) -> None:
    body = {
        "title": "Cup",
        "buy_in_price": 10,
        "tournament_size": 100,
        "sponsored_amount": 300,
        "ends_at_timestamp": "2030-01-01T00:00:00Z",
    }
    first = first_of(at_once(50, lambda: studio.post("/s2s/esports/tournaments", body, key="k-1")), 201)
    assert [one["tournament_uid"] for one in studio.get("/s2s/esports/tournaments").ok()] == [
        first.json["tournament_uid"]
    ]
    assert Transaction.objects.filter(kind=Kind.SPONSORSHIP).count() == 1


def test_parallel_scores_with_one_key_and_no_event_id_count_once(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament(score_operator="sum", score_source="any")
    gamer.join(uid).ok()
    first_of(at_once(20, lambda: gamer.score(uid, 7, key="k-1")))
    assert ScoreEvent.objects.count() == 1
    assert gamer.board(uid)["me"]["score"] == 7


def test_50_parallel_deposits_of_one_reference_are_booked_once(studio: StudioCaller, gamer: GamerCaller) -> None:
    answers = at_once(50, lambda: studio.deposit(gamer.user_id, 70, "order-1"))
    assert outcomes(answers) == {(201, ""): 1, (200, ""): 49}
    assert len({answer.content for answer in answers}) == 1
    assert gamer.buckets() == (50, 70, 0)


def test_50_parallel_reversals_are_booked_once(studio: StudioCaller, gamer: GamerCaller) -> None:
    studio.deposit(gamer.user_id, 70, "order-1").ok(201)
    studio.deposit(gamer.user_id, 70, "order-2").ok(201)
    answers = at_once(50, lambda: studio.post("/s2s/wallet/deposits/order-1/reverse"))
    assert {answer.content for answer in answers} == {answers[0].ok() and answers[0].content}
    assert outcomes(answers) == {(200, ""): 50}
    assert gamer.buckets() == (50, 70, 0)


def test_one_key_for_two_parallel_requests_serves_one_of_them(studio: StudioCaller, gamer: GamerCaller) -> None:
    cups = [studio.tournament(buy_in_price=10) for _ in range(2)]
    answers = together([partial(gamer.join, uid, key="k-1") for uid in cups * 10])
    found = outcomes(answers)
    assert set(found) <= {(200, ""), IN_PROGRESS, (422, "IDEMPOTENCY_KEY_REUSED")}
    (joined,) = Participation.objects.values_list("tournament_id", flat=True)
    for number, answer in enumerate(answers):
        assert answer.status != (422 if cups[number % 2] == str(joined) else 200)
    assert gamer.buckets() == (40, 0, 0)


def test_two_gamers_can_use_the_same_key(studio: StudioCaller) -> None:
    uid = studio.tournament(buy_in_price=10)
    pair = [studio.gamer("ann"), studio.gamer("bob")]
    answers = together([partial(one.join, uid, key="k-1") for one in pair * 5])
    assert set(outcomes(answers)) <= {(200, ""), IN_PROGRESS}
    assert Participation.objects.count() == IdempotencyKey.objects.count() == 2


@pytest.mark.parametrize("stake", [10, 11])
def test_a_key_is_busy_while_its_first_request_runs_and_free_after_a_refusal(
    studio: StudioCaller, gamer: GamerCaller, stake: int
) -> None:
    uid = studio.tournament(buy_in_price=10)
    with holding_seats(uid):
        (first,) = begin_blocked(lambda: gamer.join(uid, stake, key="k-1"))
        gamer.join(uid, stake, key="k-1").refused(*IN_PROGRESS)
    if stake == 10:
        first.result().ok()
        assert gamer.join(uid, stake, key="k-1").headers["Idempotent-Replayed"] == "true"
    else:
        first.result().refused(400, "TOURNAMENT_INVALID_JOINING_STAKE")
        assert not IdempotencyKey.objects.exists()
        assert "Idempotent-Replayed" not in gamer.join(uid, 10, key="k-1").headers
    assert gamer.buckets() == (40, 0, 0)

"""Many claims in one transaction: each as if it came alone, in their order."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from kgen.errors import DomainError
from rewards.models import Reward, RewardStatus
from rewards.services.claiming import Claim, Claimed, claim_many
from rewards.services.settling import settle_due
from tests.support.clock import end
from tests.support.http import GamerCaller, StudioCaller
from tests.support.listener import listening
from tests.support.money import LIMIT, prove, tamper
from tests.support.settling import held, play
from tests.support.threads import together
from tests.support.withdrawals import row_of
from users.models import Gamer

ALL_WIN = {"kind": "fixed", "bands": [{"from_rank": 1, "to_rank": 3, "amount": 10}]}
NAMES = ("a", "b", "c")


def winners(studio: StudioCaller, cups: int = 2) -> dict[str, GamerCaller]:
    """Three gamers who have won 10 each in each of so many tournaments."""
    callers: dict[str, GamerCaller] = {}
    for number in range(cups):
        uid = studio.tournament(title=f"Cup {number}", prize_table=ALL_WIN)
        callers = play(studio, uid, {"a": 3, "b": 2, "c": 1})
        end(uid)
    settle_due()
    return callers


def rewards_of(gamer: Gamer) -> list[UUID]:
    """The ids of a gamer's rewards."""
    return list(Reward.objects.filter(gamer=gamer).order_by("id").values_list("id", flat=True))


def counts_or_codes(outcomes: list[Claimed | DomainError]) -> list[int | str]:
    """How many each has claimed, or the code of its refusal."""
    return [outcome.code if isinstance(outcome, DomainError) else outcome.count for outcome in outcomes]


@pytest.mark.django_db
def test_each_claim_of_a_batch_has_its_own_outcome(studio: StudioCaller) -> None:
    callers = winners(studio)
    a, b, c = (row_of(callers[name]) for name in NAMES)
    studio.post("/s2s/gamers/c/suspend", {"reason": "review"}).ok()
    c.refresh_from_db()
    cup = Reward.objects.filter(gamer=b).order_by("id")[0].tournament_id
    outcomes = claim_many(
        claims=[
            Claim(c),
            Claim(a, frozenset([rewards_of(b)[0]])),
            Claim(b, tournament_id=cup),
            Claim(a, frozenset(rewards_of(a)[:1])),
            Claim(a, tournament_id=uuid4()),
            Claim(b, frozenset()),
            Claim(a, frozenset([*rewards_of(a), uuid4()])),
        ]
    )
    assert counts_or_codes(outcomes) == [
        "GAMER_SUSPENDED",
        "RECORD_NOT_FOUND",
        1,
        1,
        "RECORD_NOT_FOUND",
        0,
        "RECORD_NOT_FOUND",
    ]
    assert [callers[name].buckets()[2] for name in NAMES] == [10, 10, 0]
    assert held("rewards_payable") == 40
    assert prove().exit_code == 0


@pytest.mark.django_db
def test_a_batch_with_every_kind_of_refusal_pays_the_other_claims(studio: StudioCaller) -> None:
    prizes = [{"from_rank": rank, "to_rank": rank, "amount": 11 - rank} for rank in range(1, 7)]
    names = "abcdef"
    uid = studio.tournament(prize_table={"kind": "fixed", "bands": prizes})
    callers = play(studio, uid, {name: 9 - place for place, name in enumerate(names)})
    end(uid)
    settle_due()
    for name in "be":
        studio.post(f"/s2s/gamers/{name}/suspend", {"reason": "review"}).ok()
    rows = {name: row_of(caller) for name, caller in callers.items()}
    # No room for 8 more.
    full = rows["c"].wallet_id
    tamper("UPDATE wallet_account SET balance = %s WHERE wallet_id = %s AND kind = 'bought'", LIMIT - 45, full)
    outcomes = claim_many(
        claims=[
            Claim(rows["a"]),
            Claim(rows["b"]),
            Claim(rows["d"], tournament_id=UUID(uid)),
            Claim(rows["c"]),
            Claim(rows["f"], frozenset(rewards_of(rows["a"]))),
            Claim(rows["f"], frozenset(rewards_of(rows["f"]))),
            Claim(rows["e"], tournament_id=UUID(uid)),
            Claim(rows["a"]),
            Claim(rows["d"], tournament_id=uuid4()),
        ]
    )
    assert [outcome.code if isinstance(outcome, DomainError) else outcome for outcome in outcomes] == [
        Claimed(1, 10),
        "GAMER_SUSPENDED",
        Claimed(1, 7),
        "BALANCE_LIMIT_EXCEEDED",
        "RECORD_NOT_FOUND",
        Claimed(1, 5),
        "GAMER_SUSPENDED",
        Claimed(0, 0),
        "RECORD_NOT_FOUND",
    ]
    assert {name: callers[name].buckets()[2] for name in names} == {"a": 10, "b": 0, "c": 0, "d": 7, "e": 0, "f": 5}
    left = Reward.objects.filter(status=RewardStatus.UNCLAIMED).order_by("rank")
    assert list(left.values_list("gamer__user_id", "amount")) == [("b", 9), ("c", 8), ("e", 6)]


@pytest.mark.django_db
def test_two_claims_of_one_gamer_in_a_batch_are_paid_once(studio: StudioCaller) -> None:
    callers = winners(studio)
    a = row_of(callers["a"])
    first, second = rewards_of(a)
    claims = [Claim(a, frozenset([second])), Claim(a), Claim(a, frozenset([first])), Claim(a)]
    assert claim_many(claims=claims) == [Claimed(1, 10), Claimed(1, 10), Claimed(0, 0), Claimed(0, 0)]
    assert callers["a"].buckets()[2] == 20
    statement = callers["a"].get("/fe/wallet/transactions?type=REWARD").ok()["transactions"]
    assert sorted(entry["balance_after"] for entry in statement) == [40, 50]
    assert prove().exit_code == 0


@pytest.mark.django_db
def test_a_full_wallet_refuses_only_its_own_claim(studio: StudioCaller) -> None:
    callers = winners(studio)
    a, b = row_of(callers["a"]), row_of(callers["b"])
    # 30 of bonus money are there: one reward has room, a second has not.
    tamper("UPDATE wallet_account SET balance = %s WHERE wallet_id = %s AND kind = 'bought'", LIMIT - 45, a.wallet_id)
    one = Claim(a, frozenset(rewards_of(a)[:1]))
    assert counts_or_codes(claim_many(claims=[Claim(a), Claim(b), one, Claim(a)])) == [
        "BALANCE_LIMIT_EXCEEDED",
        2,
        1,
        "BALANCE_LIMIT_EXCEEDED",
    ]
    assert [callers[name].buckets()[2] for name in NAMES] == [10, 20, 0]
    assert Reward.objects.filter(gamer=a, status=RewardStatus.UNCLAIMED).count() == 1


@pytest.mark.django_db
def test_each_client_gets_the_events_of_its_own_claims_in_order(
    studio: StudioCaller, other_studio: StudioCaller
) -> None:
    here, there = winners(studio, 1), winners(other_studio, 1)
    claims = [Claim(row_of(callers[name])) for name in ("b", "a") for callers in (there, here)]
    with listening() as listener:
        endpoint = studio.post("/s2s/webhooks", {"url": listener.url}).ok(201)["id"]
        assert counts_or_codes(claim_many(claims=claims)) == [1, 1, 1, 1]
        deliveries = studio.get(f"/s2s/webhooks/{endpoint}").ok()["deliveries"]
    assert [delivery["event_type"] for delivery in deliveries] == ["reward.claimed"] * 2
    assert prove().exit_code == 0


def test_parallel_batches_of_the_same_gamers_pay_each_reward_once(committed: None, studio: StudioCaller) -> None:
    callers = winners(studio, 3)
    gamers = [row_of(callers[name]) for name in NAMES]
    for gamer in gamers:
        assert gamer.wallet_id

    def run(number: int) -> Callable[[], int]:
        # In any order, by name and for all: locks are taken in one.
        order = gamers[number % 3 :] + gamers[: number % 3]
        named = [Claim(gamer, frozenset(rewards_of(gamer)[::-1])) for gamer in order]
        claims = [Claim(gamer) for gamer in order[::-1]] if number % 2 else named
        return lambda: sum(done.amount for done in claim_many(claims=claims) if isinstance(done, Claimed))

    assert sum(together([run(number) for number in range(18)])) == 90
    assert [callers[name].buckets() for name in NAMES] == [(20, 0, 30)] * 3
    assert prove().exit_code == 0

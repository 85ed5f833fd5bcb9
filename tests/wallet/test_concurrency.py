"""The ledger under real concurrency: threads, connections and commits of their own."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from uuid import UUID

import pytest
from django.db import OperationalError, transaction

from kgen.clock import database_now
from kgen.errors import DomainError
from tests.support.http import Answer, GamerCaller, StudioCaller
from tests.support.money import LIMIT, execute, fill, new_id, one, prove, rows, system_account, wallet_of
from tests.support.threads import at_once, begin_blocked, holding, outcomes, together
from wallet import ledger
from wallet.ledger import Bucket, Kind, SystemAccount

pytestmark = pytest.mark.usefixtures("committed")


def attempt(call: Callable[[], object]) -> str:
    """Run it as one transaction, without any second try; '' or the code of its refusal."""
    try:
        with transaction.atomic():
            call()
    except DomainError as refusal:
        return refusal.code
    return ""


def proves() -> bool:
    """The ledger is as it should be."""
    proof = prove()
    return (proof.exit_code, proof.err) == (0, "")


def test_parallel_deposits_of_one_reference_book_once_and_answer_alike(
    studio: StudioCaller, gamer: GamerCaller
) -> None:
    for index in range(3):
        answers: list[Answer] = at_once(2, lambda index=index: studio.deposit("player-1", 10, f"order-{index}"))
        assert sorted(answer.status for answer in answers) == [200, 201]
        assert answers[0].content == answers[1].content
    assert gamer.buckets() == (50, 30, 0)
    assert one("SELECT count(*) FROM wallet_transaction WHERE kind = 'DEPOSIT'") == 3
    assert proves()


def test_parallel_deposits_with_different_amounts_book_one(studio: StudioCaller, gamer: GamerCaller) -> None:
    calls = [partial(studio.deposit, "player-1", amount, "order-1") for amount in range(1, 7)]
    assert outcomes(together(calls)) == {(201, ""): 1, (409, "REFERENCE_REUSED"): 5}
    assert gamer.buckets()[1] == one("SELECT amount FROM wallet_deposit")
    assert proves()


def test_20_parallel_stakes_with_money_for_three_pay_three(gamer: GamerCaller) -> None:
    wallet, escrow = wallet_of(gamer), system_account(gamer, SystemAccount.ESCROW)
    calls = [
        partial(
            attempt,
            partial(ledger.pay_stake, wallet_id=wallet.id, escrow=escrow, amount=15, reference=f"join:{index}"),
        )
        for index in range(20)
    ]
    assert Counter(together(calls)) == {"": 3, "INSUFFICIENT_BALANCE": 17}
    assert gamer.buckets() == (5, 0, 0)
    assert one("SELECT posted_balance FROM audit.account WHERE account_id = %s", escrow) == 45
    assert proves()


def test_parallel_deposits_to_one_wallet_keep_its_statement_in_order(studio: StudioCaller, gamer: GamerCaller) -> None:
    calls = [partial(studio.deposit, "player-1", amount, f"order-{amount}") for amount in range(1, 13)]
    assert outcomes(together(calls)) == {(201, ""): 12}
    entries = gamer.get("/fe/wallet/transactions").ok()["transactions"]
    balance = 0
    for entry in reversed(entries):
        balance += entry["amount"]
        assert entry["balance_after"] == balance
    assert (len(entries), balance) == (13, 128)
    assert proves()


def test_parallel_first_deposits_of_a_client_open_one_account(
    studio: StudioCaller, gamers: Callable[[int], list[GamerCaller]]
) -> None:
    names = [gamer.user_id for gamer in gamers(8)]
    calls = [partial(studio.deposit, name, 10, f"order-{name}") for name in names]
    assert outcomes(together(calls)) == {(201, ""): 8}
    assert rows("SELECT posted_balance::int FROM audit.account WHERE kind = 'deposits'") == [(-80,)]
    assert proves()


def test_parallel_reversals_of_a_deposit_reverse_it_once(studio: StudioCaller, gamer: GamerCaller) -> None:
    studio.deposit("player-1", 10, "order-1").ok(201)
    studio.deposit("player-1", 10, "order-2").ok(201)
    answers: list[Answer] = at_once(8, lambda: studio.post("/s2s/wallet/deposits/order-1/reverse"))
    assert outcomes(answers) == {(200, ""): 8}
    assert len({answer.content for answer in answers}) == 1
    assert gamer.buckets() == (50, 10, 0)
    assert proves()


def test_a_parallel_reversal_and_stake_never_spend_the_same_money(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament(buy_in_price=110)
    for index in range(4):
        studio.deposit("player-1", 60, f"order-{index}").ok(201)
        reversal, join = together(
            [partial(studio.post, f"/s2s/wallet/deposits/order-{index}/reverse"), partial(gamer.join, uid, 110)]
        )
        won = "reversal" if reversal.status == 200 else "join"
        (join if won == "reversal" else reversal).refused(409, "INSUFFICIENT_BALANCE")
        assert gamer.buckets() == ((50, 0, 0) if won == "reversal" else (0, 0, 0))
        if won == "join":
            gamer.leave(uid).ok()
            studio.post(f"/s2s/wallet/deposits/order-{index}/reverse").ok()
    assert proves()


def test_parallel_deposits_with_room_for_one_book_one(studio: StudioCaller, gamer: GamerCaller) -> None:
    fill(gamer, Bucket.EARNED, LIMIT - 50 - 10)
    calls = [partial(studio.deposit, "player-1", 10, f"order-{index}") for index in range(5)]
    assert outcomes(together(calls)) == {(201, ""): 1, (409, "BALANCE_LIMIT_EXCEEDED"): 4}
    assert gamer.balance()["lazy_balance"] == LIMIT
    assert proves()


def test_parallel_sponsorships_spend_the_sponsors_limit_once(studio: StudioCaller) -> None:
    studio.tournament(sponsored_amount=1)
    body = {
        "title": "Cup",
        "buy_in_price": 10,
        "tournament_size": 10,
        "ends_at_timestamp": "2030-01-01T00:00:00Z",
        "sponsored_amount": 600_000,
    }
    with holding("SELECT 1 FROM wallet_account WHERE kind = 'sponsor' FOR UPDATE", []):
        runners = begin_blocked(*[partial(studio.post, "/s2s/esports/tournaments", body)] * 3)
    assert outcomes(runner.result() for runner in runners) == {(201, ""): 1, (409, "INSUFFICIENT_BALANCE"): 2}
    assert rows("SELECT posted_balance::int FROM audit.account WHERE kind = 'sponsor'") == [(-600_001,)]
    assert proves()


def test_wallets_are_locked_in_the_order_of_their_accounts() -> None:
    """Whoever waits for the first account holds none of the later ones, in whichever order the wallets come."""
    client_id, early, late = new_id(), UUID(int=2**128 - 1), UUID(int=1)
    with transaction.atomic():
        for wallet_id in (early, late):
            ledger.open_wallets([(wallet_id, client_id, "KCASH")], now=database_now())

    def lock() -> list[int]:
        with transaction.atomic():
            # Found by the wallets' ids, the other wallet would come first.
            execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
            return [id for wallet in ledger.lock_wallets([late, early]).values() for id in wallet.ids.values()]

    with holding("SELECT 1 FROM wallet_account WHERE wallet_id = %s ORDER BY id LIMIT 1 FOR UPDATE", [early]):
        (waiting,) = begin_blocked(lock)
        with transaction.atomic():
            execute("SELECT 1 FROM wallet_account WHERE wallet_id = %s FOR UPDATE NOWAIT", late)
    assert waiting.result() == sorted(waiting.value)
    assert len(waiting.value) == 8


def test_refunds_of_the_same_wallets_in_opposite_order_never_deadlock(
    gamers: Callable[[int], list[GamerCaller]],
) -> None:
    players = gamers(6)
    escrow = system_account(players[0], SystemAccount.ESCROW)
    tables = [[f"join:{table}:{new_id()}" for _ in players] for table in range(4)]
    with transaction.atomic():
        for references in tables:
            for player, reference in zip(players, references, strict=True):
                wallet = wallet_of(player).id
                ledger.pay_stake(wallet_id=wallet, escrow=escrow, amount=10, reference=reference)

    def refund(references: list[str]) -> str:
        return attempt(lambda: ledger.reverse_many({r: f"refund:{r}" for r in references}, kind=Kind.REFUND))

    calls = [partial(refund, table if index % 2 else table[::-1]) for index, table in enumerate(tables)]
    try:
        assert together(calls) == [""] * 4
    except OperationalError as error:
        pytest.fail(f"they waited for each other: {error}")
    assert [player.buckets() for player in players] == [(50, 0, 0)] * 6
    assert proves()

"""Whatever happens in whatever order, the ledger agrees with a few lines of plain Python, and proves."""

from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test

from kgen.clock import database_now
from kgen.errors import DomainError, ReferenceReused, WrongState
from tests.support.money import LIMIT, new_id, one, prove, rows
from wallet import ledger, services
from wallet.errors import BalanceLimitExceeded, InsufficientBalance
from wallet.ledger import Bucket, JournalEntry, Kind, SystemAccount, Transfer
from wallet.models import Direction
from wallet.services import adjusting

pytestmark = [pytest.mark.long, pytest.mark.django_db]

BUCKETS = ("bonus", "bought", "earned")
GAMERS = st.integers(0, 2)
AMOUNTS = st.one_of(st.integers(0, 60), st.sampled_from([1, 10, 10**12, LIMIT // 2, LIMIT]))


class Purses(RuleBasedStateMachine):
    """Three gamers of one client; `self.held` is the model."""

    stakes = Bundle("stakes")
    deposits = Bundle("deposits")

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.savepoint_create()
        self.client_id, self.count = new_id(), 0
        self.wallets = [new_id() for _ in range(3)]
        for wallet in self.wallets:
            ledger.open_wallets([(wallet, self.client_id, "KCASH")], now=database_now())
        self.escrow = self.account(SystemAccount.ESCROW)
        self.held = [dict.fromkeys(BUCKETS, 0) for _ in self.wallets]
        self.open_stakes: dict[str, tuple[int, dict[str, int]]] = {}
        self.reversed: set[str] = set()

    def account(self, kind: SystemAccount) -> int:
        """One of the client's own accounts."""
        return ledger.system_account(client_id=self.client_id, currency="KCASH", kind=kind)

    def name(self, what: str) -> str:
        """A reference that is new."""
        self.count += 1
        return f"{what}:{self.client_id}:{self.count}"

    def attempt(self, refusal: type[DomainError] | None, call: Any, **arguments: Any) -> Any:
        """Do it, all or none: it must be refused so, or not at all."""
        if refusal is None:
            return call(**arguments)
        with pytest.raises(refusal):
            call(**arguments)
        return None

    def too_much(self, gamer: int, amount: int) -> type[DomainError] | None:
        """What stands against so much more in a wallet."""
        return BalanceLimitExceeded if amount and sum(self.held[gamer].values()) + amount > LIMIT else None

    @rule(gamer=GAMERS, amount=AMOUNTS)
    def bonus(self, gamer: int, amount: int) -> None:
        """The house gives play money."""
        refusal = self.too_much(gamer, amount)
        given = ledger.Bonus(self.wallets[gamer], amount, self.name("bonus"))
        self.attempt(refusal, atomic(ledger.credit_bonuses), bonuses=[given])
        self.held[gamer]["bonus"] += 0 if refusal else amount

    @rule(gamer=GAMERS, amount=AMOUNTS.filter(bool))
    def earn(self, gamer: int, amount: int) -> None:
        """A prize."""
        refusal = self.too_much(gamer, amount)
        self.attempt(refusal, atomic(self.book_prize), gamer=gamer, amount=amount)
        self.held[gamer]["earned"] += 0 if refusal else amount

    def book_prize(self, gamer: int, amount: int) -> None:
        """Money of the house into earned."""
        wallet = ledger.lock_wallet(self.wallets[gamer])
        move = Transfer(self.account(SystemAccount.HOUSE), wallet.ids[Bucket.EARNED], amount)
        ledger.book(JournalEntry(self.name("prize"), Kind.REWARD, self.client_id, "KCASH", [move], wallet))

    @rule(gamer=GAMERS, bucket=st.sampled_from(BUCKETS), amount=AMOUNTS.filter(bool), credit=st.booleans())
    def adjust(self, gamer: int, bucket: str, amount: int, credit: bool) -> None:
        """One operator asks for a correction, and another approves it as often as it takes."""
        too_little = InsufficientBalance if amount > self.held[gamer][bucket] else None
        refusal = self.too_much(gamer, amount) if credit else too_little
        row = adjusting.request_adjustment(
            wallet_id=self.wallets[gamer], bucket=Bucket(bucket), amount=amount, reason="a correction", operator_id=1,
            direction=Direction.CREDIT if credit else Direction.DEBIT,
        )  # fmt: skip
        approval: dict[str, Any] = {"adjustment_id": row.pk, "operator_id": 2, "note": "agreed"}
        self.attempt(refusal, adjusting.approve_adjustment, **approval)
        self.attempt(refusal or WrongState, adjusting.approve_adjustment, **approval)
        if not refusal:
            self.held[gamer][bucket] += amount if credit else -amount

    @rule(target=deposits, gamer=GAMERS, amount=AMOUNTS.filter(bool))
    def deposit(self, gamer: int, amount: int) -> Any:
        """The studio credits."""
        reference, refusal = self.name("order"), self.too_much(gamer, amount)
        self.attempt(refusal, services.deposit, **self.order(gamer, amount, reference))
        if refusal:
            return multiple()
        self.held[gamer]["bought"] += amount
        return gamer, amount, reference

    def order(self, gamer: int, amount: int, reference: str) -> dict[str, Any]:
        """What is said of a deposit."""
        wallet = self.wallets[gamer]
        return {"client_id": self.client_id, "wallet_id": wallet, "amount": amount, "reference": reference}

    @rule(deposit=deposits, more=st.integers(0, 1), other=st.integers(0, 2))
    def deposit_again(self, deposit: tuple[int, int, str], more: int, other: int) -> None:
        """A reference comes a second time, with the same content or another."""
        gamer, amount, reference = deposit
        refusal = ReferenceReused if more or other else None
        again = self.order((gamer + other) % 3, amount + more, reference)
        done = self.attempt(refusal, services.deposit, **again)
        assert done is None or (done.created, done.entry.amount) == (False, amount)

    @rule(deposit=deposits)
    def reverse(self, deposit: tuple[int, int, str]) -> None:
        """The studio takes a deposit back, or tries again to."""
        gamer, amount, reference = deposit
        fresh = reference not in self.reversed
        refusal = InsufficientBalance if fresh and self.held[gamer]["bought"] < amount else None
        done = self.attempt(refusal, services.reverse_deposit, client_id=self.client_id, reference=reference)
        if done:
            assert (done.created, done.entry.amount) == (fresh, amount)
            self.held[gamer]["bought"] -= amount if fresh else 0
            self.reversed.add(reference)

    @rule(target=stakes, gamer=GAMERS, amount=AMOUNTS)
    def stake(self, gamer: int, amount: int) -> Any:
        """A gamer joins."""
        reference, held = self.name("join"), self.held[gamer]
        refusal = InsufficientBalance if amount > sum(held.values()) else None
        arguments = {"wallet_id": self.wallets[gamer], "escrow": self.escrow, "amount": amount}
        self.attempt(refusal, atomic(ledger.pay_stake), reference=reference, **arguments)
        if refusal:
            return multiple()
        parts: dict[str, int] = {}
        for bucket in BUCKETS:
            parts[bucket] = min(held[bucket], amount - sum(parts.values()))
            held[bucket] -= parts[bucket]
        self.open_stakes[reference] = (gamer, parts)
        return reference

    @rule(stake=stakes)
    def leave(self, stake: str) -> None:
        """A gamer leaves, or tries again to; the same stake is never given back twice."""
        was_cancelled = rows(
            "SELECT 1 FROM wallet_transaction WHERE reference = %s AND kind = 'REFUND'", f"refund:{stake}"
        )
        refusal = ReferenceReused if was_cancelled else None
        self.attempt(refusal, atomic(ledger.reverse), original=stake, reference=f"refund:{stake}", kind=Kind.LEAVE)
        self.give_back(stake)

    def give_back(self, stake: str) -> None:
        """The model's part of it."""
        gamer, parts = self.open_stakes.pop(stake, (0, {}))
        for bucket, amount in parts.items():
            self.held[gamer][bucket] += amount

    @rule()
    def cancel(self) -> None:
        """Everybody's stakes go back at once."""
        references = {stake: f"refund:{stake}" for stake in self.open_stakes}
        paid = [stake for stake, (_, parts) in self.open_stakes.items() if any(parts.values())]
        booked = atomic(ledger.reverse_many)(references, kind=Kind.REFUND)
        assert booked.keys() == {references[stake] for stake in paid}
        for stake in list(self.open_stakes):
            self.give_back(stake)

    @invariant()
    def agrees_with_the_model(self) -> None:
        """Every bucket holds what the model says, and none is overdrawn."""
        found = {(wallet, kind): balance for wallet, kind, balance in rows(_BALANCES, self.wallets)}
        wanted = {(self.wallets[i], kind): held[kind] for i, held in enumerate(self.held) for kind in BUCKETS}
        assert found == wanted
        assert min(found.values()) >= 0

    def teardown(self) -> None:
        """In the end it all adds up to nothing, escrow holds the open stakes, and the proof agrees."""
        proof = prove()
        staked = sum(sum(parts.values()) for _, parts in self.open_stakes.values())
        posted = "SELECT posted_balance FROM audit.account WHERE account_id = %s"
        assert (one(posted, self.escrow), one("SELECT sum(posted_balance) FROM audit.account")) == (staked, 0)
        assert (proof.exit_code, proof.err) == (0, "")
        transaction.savepoint_rollback(self.savepoint)


def atomic(call: Any) -> Any:
    """All or none, as a journey is."""
    return transaction.atomic(call)


_BALANCES = "SELECT wallet_id, kind, balance FROM wallet_account WHERE wallet_id = ANY(%s) AND kind <> 'held'"


def test_any_sequence_of_movements_agrees_with_plain_arithmetic_and_proves() -> None:
    few = settings(
        max_examples=25,
        stateful_step_count=30,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Purses, settings=few)

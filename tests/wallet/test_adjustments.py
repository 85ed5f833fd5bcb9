"""Corrections by hand: what may be asked for, who decides, and what is booked then."""

from collections.abc import Callable
from typing import Any

import pytest

from kgen.errors import DomainError, Forbidden, Invalid, RecordNotFound, WrongState
from tests.support.http import GamerCaller
from tests.support.money import LIMIT, fill, new_id, nothing_changes, one, prove, rows, wallet_of
from tests.support.operators import CHECKER, MAKER
from tests.support.withdrawals import link, withdraw
from users.models import Client
from wallet.errors import (
    AdjustedByApprover,
    BalanceLimitExceeded,
    InsufficientBalance,
    NotTheMaker,
    OwnAdjustment,
    SecondPersonNeeded,
)
from wallet.models import Adjustment, Bucket, Direction, State, Withdrawal
from wallet.services import adjusting, reviewing

pytestmark = pytest.mark.django_db

Ask = Callable[..., Adjustment]


@pytest.fixture
def ask(gamer: GamerCaller) -> Ask:
    """Asks for an adjustment of the gamer's wallet; by default 10 more of bonus money."""

    def ask(**changed: Any) -> Adjustment:
        wanted = {"bucket": Bucket.BONUS, "direction": Direction.CREDIT, "amount": 10, "reason": "goodwill"}
        named = {"wallet_id": wallet_of(gamer).id, "operator_id": MAKER}
        return adjusting.request_adjustment(**wanted | named | changed)

    return ask


def approve(row: Adjustment, operator: int = CHECKER, note: str = "agreed") -> None:
    adjusting.approve_adjustment(adjustment_id=row.pk, operator_id=operator, note=note)


def decision(row: Adjustment) -> tuple[str, int | None, str]:
    """(state, by whom, why) as stored; a decision has a time, and only a decision."""
    row.refresh_from_db()
    assert (row.decided_at is None) == (row.decided_by is None)
    return row.state, row.decided_by, row.note


def refused(refusal: type[DomainError], call: Callable[..., object], *arguments: Any, **named: Any) -> DomainError:
    """The call is refused so, and no money and no request has changed."""
    before = list(Adjustment.objects.order_by("pk").values())
    with nothing_changes(), pytest.raises(refusal) as caught:
        call(*arguments, **named)
    assert caught.type is refusal
    assert list(Adjustment.objects.order_by("pk").values()) == before
    return caught.value


def test_a_request_moves_no_money(gamer: GamerCaller, ask: Ask) -> None:
    with nothing_changes():
        row = ask(reason="  goodwill ")
    assert (row.client_id, row.wallet_id) == (wallet_of(gamer).client_id, wallet_of(gamer).id)
    assert (row.requested_by, row.reason, decision(row)) == (MAKER, "goodwill", ("REQUESTED", None, ""))
    assert prove().exit_code == 0


@pytest.mark.parametrize(
    ("bucket", "counterpart"),
    [(Bucket.BONUS, "promotions"), (Bucket.BOUGHT, "deposits"), (Bucket.EARNED, "house")],
)
@pytest.mark.parametrize("direction", Direction)
def test_an_approval_books_the_adjustment_once(
    gamer: GamerCaller, ask: Ask, bucket: Bucket, counterpart: str, direction: Direction
) -> None:
    fill(gamer, bucket, 100)
    balance = "SELECT balance FROM wallet_account WHERE wallet_id = %s AND kind = %s"
    before = one(balance, wallet_of(gamer).id, bucket)
    row = ask(bucket=bucket, direction=direction, amount=30)
    approve(row)
    ways = rows(
        "SELECT t.kind, s.kind, d.kind, p.amount FROM wallet_transaction t"
        "  JOIN wallet_posting p ON p.transaction_id = t.id"
        "  JOIN wallet_account s ON s.id = p.source_id JOIN wallet_account d ON d.id = p.destination_id"
        " WHERE t.reference = %s",
        f"adjustment:{row.pk}",
    )
    credit = direction == Direction.CREDIT
    assert ways == [("ADJUSTMENT", *((counterpart, bucket) if credit else (bucket, counterpart)), 30)]
    assert one(balance, wallet_of(gamer).id, bucket) == before + (30 if credit else -30)
    assert decision(row) == ("APPROVED", CHECKER, "agreed")
    refused(WrongState, approve, row)
    assert prove().exit_code == 0


@pytest.mark.parametrize(("direction", "balance"), [(Direction.CREDIT, 60), (Direction.DEBIT, 40)])
def test_the_gamers_statement_lists_an_adjustment(
    gamer: GamerCaller, ask: Ask, direction: Direction, balance: int
) -> None:
    approve(ask(direction=direction))
    page = gamer.get("/fe/wallet/transactions?type=ADJUSTMENT").ok()
    (entry,) = page["transactions"]
    assert (entry["amount"], entry["balance_after"], entry["sync_status"]) == (10, balance, "COMPLETED")
    assert entry["description"]["type"] == "ADJUSTMENT"
    assert entry["description"]["platformProtocolsTxnType"] == direction
    credit = direction == Direction.CREDIT
    assert (len(page["toTransactions"]), len(page["fromTransactions"])) == ((1, 0) if credit else (0, 1))
    own, shown = gamer.session["wallet_address"], entry["to_wallet" if credit else "from_wallet"]
    assert (shown[:4], shown[-4:]) == (own[:4], own[-4:])
    assert "goodwill" not in str(page)


@pytest.mark.parametrize("amount", [0, -1, LIMIT + 1])
def test_an_adjustment_amount_must_be_within_a_wallets_bounds(ask: Ask, amount: int) -> None:
    refused(Invalid, ask, amount=amount)


@pytest.mark.parametrize("words", ["", "no", "  no  ", "x" * 501])
def test_an_adjustment_needs_a_reason(ask: Ask, words: str) -> None:
    refused(Invalid, ask, reason=words)
    row = ask(reason="x" * 500)
    refused(Invalid, approve, row, note=words)
    refused(Invalid, adjusting.reject_adjustment, adjustment_id=row.pk, operator_id=CHECKER, note=words)
    refused(Invalid, adjusting.cancel_adjustment, adjustment_id=row.pk, operator_id=MAKER, note=words)
    approve(row, note="yes")


def test_held_money_cannot_be_adjusted(ask: Ask) -> None:
    refused(Invalid, ask, bucket=Bucket.HELD)


def test_unknown_wallets_and_adjustments_are_not_found(ask: Ask) -> None:
    refused(RecordNotFound, ask, wallet_id=new_id())
    for call in (adjusting.approve_adjustment, adjusting.reject_adjustment, adjusting.cancel_adjustment):
        refused(RecordNotFound, call, adjustment_id=new_id(), operator_id=CHECKER, note="agreed")


def test_a_debit_does_not_overdraw_and_stays_open(gamer: GamerCaller, ask: Ask) -> None:
    fill(gamer, Bucket.EARNED, 100)
    row = ask(direction=Direction.DEBIT, amount=51)
    refused(InsufficientBalance, approve, row)
    fill(gamer, Bucket.BONUS, 1)
    approve(row)
    assert gamer.buckets() == (0, 0, 100)
    assert prove().exit_code == 0


def test_a_credit_does_not_overfill_and_stays_open(gamer: GamerCaller, ask: Ask) -> None:
    row = ask(bucket=Bucket.EARNED, amount=LIMIT - 49)
    refused(BalanceLimitExceeded, approve, row)
    approve(ask(direction=Direction.DEBIT, amount=1))
    approve(row)
    assert gamer.balance()["lazy_balance"] == LIMIT
    approve(ask(bucket=Bucket.EARNED, direction=Direction.DEBIT, amount=LIMIT - 49))
    assert gamer.buckets() == (49, 0, 0)
    assert prove().exit_code == 0


def test_a_maker_cannot_decide_their_own_adjustment(ask: Ask) -> None:
    row = ask()
    refusal = refused(OwnAdjustment, approve, row, MAKER)
    assert isinstance(refusal, SecondPersonNeeded)
    assert (refusal.status, refusal.code) == (403, "SECOND_PERSON_NEEDED")
    assert "another operator" in refusal.detail
    refused(OwnAdjustment, adjusting.reject_adjustment, adjustment_id=row.pk, operator_id=MAKER, note="agreed")


def test_only_the_maker_cancels_an_adjustment(ask: Ask) -> None:
    row = ask()
    refusal = refused(NotTheMaker, adjusting.cancel_adjustment, adjustment_id=row.pk, operator_id=CHECKER, note="why")
    assert isinstance(refusal, Forbidden)
    adjusting.cancel_adjustment(adjustment_id=row.pk, operator_id=MAKER, note="a mistake")
    assert decision(row) == ("CANCELLED", MAKER, "a mistake")


@pytest.mark.parametrize("end", ["reject", "cancel"])
def test_a_rejected_or_cancelled_adjustment_moves_nothing(ask: Ask, end: str) -> None:
    row = ask()
    decide, by = {
        "reject": (adjusting.reject_adjustment, CHECKER),
        "cancel": (adjusting.cancel_adjustment, MAKER),
    }[end]
    with nothing_changes():
        decide(adjustment_id=row.pk, operator_id=by, note="not this")
    for late in (approve, lambda row: decide(adjustment_id=row.pk, operator_id=by, note="again")):
        refused(WrongState, late, row)
    assert prove().exit_code == 0


@pytest.fixture
def waiting(gamer: GamerCaller) -> Withdrawal:
    """A withdrawal above the threshold."""
    Client.objects.update(approval_above=0)
    fill(gamer, Bucket.EARNED, 300)
    link(gamer)
    return withdraw(gamer, 100)


def let_out(row: Withdrawal, operator: int) -> None:
    reviewing.approve_withdrawal(withdrawal_id=row.pk, operator_id=operator, reason="seen")


@pytest.mark.parametrize("decided", [False, True])
def test_a_requester_cannot_approve_a_withdrawal_of_the_same_wallet(
    waiting: Withdrawal, ask: Ask, decided: bool
) -> None:
    row = ask()
    if decided:
        approve(row)
    refusal = refused(AdjustedByApprover, let_out, waiting, MAKER)
    assert (refusal.code, "another operator" in refusal.detail) == ("SECOND_PERSON_NEEDED", True)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.approved_by) == (State.AWAITING_APPROVAL, None)
    # The checker is the second person already.
    let_out(waiting, CHECKER)


@pytest.mark.parametrize("end", [adjusting.reject_adjustment, adjusting.cancel_adjustment])
def test_a_rejected_adjustment_does_not_bar_its_maker_from_approving(
    waiting: Withdrawal, ask: Ask, end: Callable[..., None]
) -> None:
    by = CHECKER if end is adjusting.reject_adjustment else MAKER
    end(adjustment_id=ask().pk, operator_id=by, note="not this")
    let_out(waiting, MAKER)
    waiting.refresh_from_db()
    assert waiting.approved_by == MAKER


def test_a_requester_may_reject_here_and_approve_for_other_wallets(
    waiting: Withdrawal, ask: Ask, gamers: Callable[[int], list[GamerCaller]]
) -> None:
    other = gamers(2)[1]
    ask()
    ask(wallet_id=wallet_of(other).id, operator_id=CHECKER)
    let_out(waiting, CHECKER)
    Withdrawal.objects.update(approved_by=None)
    reviewing.reject_withdrawal(withdrawal_id=waiting.pk, operator_id=MAKER, reason="no")
    waiting.refresh_from_db()
    assert (waiting.state, waiting.rejected_by) == (State.FAILED, MAKER)

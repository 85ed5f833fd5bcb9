"""Asking for a withdrawal, and what the gamer sees of it (the internal rail)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from kgen.clock import database_now
from tests.support.http import GamerCaller, StudioCaller
from tests.support.withdrawals import assert_proven, earn, link, make_due, money, row_of, withdraw
from users.models import Client, Gamer
from wallet.models import Account, PayoutAttempt, State, SystemAccount, Withdrawal
from wallet.selectors import system_balance
from wallet.services import paying, reviewing, switching

pytestmark = pytest.mark.django_db


@pytest.fixture
def winner(gamer: GamerCaller) -> GamerCaller:
    """A gamer with 300 earned and a linked phone."""
    earn(gamer, 300)
    link(gamer)
    return gamer


def limits(gamer: GamerCaller, **values: Any) -> None:
    Client.objects.filter(pk=row_of(gamer).client_id).update(**values)


def kgen_balance(account: Any) -> int:
    return system_balance(Account.objects.get(kind=SystemAccount.KGEN, owner_id=account.pk).pk)


def test_a_withdrawal_is_held_sent_and_paid(winner: GamerCaller) -> None:
    account = link(winner)
    answer = winner.post("/fe/wallet/withdraw").ok()
    assert answer["msg"] == "wallet withdrawl successful"
    assert (answer["amount"], answer["status"]) == (300, "REQUESTED")
    assert money(winner) == (0, 300)
    [entry] = winner.get("/fe/wallet/transactions?type=WITHDRAW").ok()["transactions"]
    assert (entry["sync_status"], entry["amount"], entry["balance_after"]) == ("PENDING", 300, 50)
    assert entry["description"]["platformProtocolsTxnType"] == "DEBIT"
    assert entry["to_wallet"] == f"{account.address[:4]}*****{account.address[-4:]}"
    assert_proven()

    assert paying.pay_due() == 1

    shown = winner.get(f"/fe/wallet/withdrawals/{answer['withdrawal_id']}").ok()
    assert (shown["status"], shown["to_wallet"]) == ("PAID", account.address)
    assert winner.get("/fe/wallet/withdrawals").ok() == [shown]
    assert money(winner) == (0, 0)
    assert kgen_balance(account) == 300
    page = winner.get("/fe/wallet/transactions").ok()
    assert [row["description"]["type"] for row in page["transactions"]] == ["WITHDRAW", "ADJUSTMENT", "WELCOME_BONUS"]
    [paid] = page["fromTransactions"]
    assert (paid["uid"], paid["sync_status"]) == (entry["uid"], "COMPLETED")
    assert paid["created_at"] == entry["created_at"]
    assert paid["updated_at"] > entry["updated_at"]
    balance = winner.balance()
    assert (balance["on_chain_balance"], balance["wallet_transaction_error"]) == (50, False)
    assert_proven()


def test_no_withdrawal_is_paid_twice(winner: GamerCaller) -> None:
    row = withdraw(winner)
    assert [paying.pay_due(), paying.pay_due()] == [1, 0]
    make_due()
    assert paying.pay_due() == 0
    assert PayoutAttempt.objects.filter(withdrawal=row).count() == 1


def test_withdrawals_of_two_games_reach_one_kgen_wallet(winner: GamerCaller, other_studio: StudioCaller) -> None:
    elsewhere = other_studio.gamer("somebody")
    earn(elsewhere, 70)
    account = link(elsewhere)
    withdraw(winner)
    withdraw(elsewhere)
    assert paying.pay_due() == 2
    assert kgen_balance(account) == 370
    assert_proven()


def test_a_withdrawal_is_refused_in_the_order_of_the_contract(winner: GamerCaller, studio: StudioCaller) -> None:
    """Everything is wrong at first; each step sets the first thing right."""
    path = "/fe/wallet/withdraw"
    now = database_now()
    gamer = row_of(winner)
    hold = now + timedelta(hours=5)
    Gamer.objects.filter(pk=gamer.pk).update(kgen_account=None, linked_at=None, withdrawal_hold_until=hold)
    limits(winner, minimum_withdrawal=10, maximum_withdrawal=100, daily_withdrawal_limit=110)
    studio.post(f"/s2s/gamers/{winner.user_id}/suspend", {"reason": "test"}).ok()
    winner.post(path, {"amount": 1000}).refused(403, "GAMER_SUSPENDED")
    studio.post(f"/s2s/gamers/{winner.user_id}/lift", {"reason": "test"}).ok()
    winner.post(path, {"amount": 1000}).refused(409, "PHONE_NOT_LINKED")
    link(winner)
    Gamer.objects.filter(pk=gamer.pk).update(withdrawal_hold_until=None)
    withdraw(winner, 50)
    Gamer.objects.filter(pk=gamer.pk).update(withdrawal_hold_until=hold)
    winner.post(path, {"amount": 1000}).refused(409, "WITHDRAWAL_IN_PROGRESS")
    paying.pay_due()
    winner.post(path, {"amount": 251}).refused(409, "INSUFFICIENT_BALANCE")
    winner.post(path, {"amount": 9}).refused(409, "WITHDRAWAL_BELOW_MINIMUM")
    winner.post(path, {"amount": 0}).refused(409, "WITHDRAWAL_BELOW_MINIMUM")
    refusal = winner.post(path).refused(409, "WITHDRAWAL_LIMIT_EXCEEDED")
    midnight = (now + timedelta(days=1)).strftime("%Y-%m-%dT00:00:00Z")
    assert (refusal["limit"], refusal["available_at"]) == (60, midnight)
    refusal = winner.post(path, {"amount": 60}).refused(409, "WITHDRAWAL_ON_HOLD")
    assert refusal["available_at"] == hold.isoformat().replace("+00:00", "Z")
    Gamer.objects.filter(pk=gamer.pk).update(withdrawal_hold_until=None)
    limits(winner, daily_withdrawal_limit=None)
    refusal = winner.post(path, {"amount": 101}).refused(409, "WITHDRAWAL_LIMIT_EXCEEDED")
    assert (refusal["limit"], refusal["available_at"]) == (100, None)
    assert money(winner) == (250, 0)
    withdraw(winner, 100)
    assert_proven()


def test_a_withdrawal_without_earned_money_is_refused(gamer: GamerCaller) -> None:
    link(gamer)
    gamer.post("/fe/wallet/withdraw").refused(409, "WITHDRAWAL_BELOW_MINIMUM")


@pytest.mark.parametrize("amount", ["10", 1.5, True, -1, 2**53])
def test_an_amount_that_is_no_whole_number_is_refused(winner: GamerCaller, amount: Any) -> None:
    winner.post("/fe/wallet/withdraw", {"amount": amount}).refused(400, "BAD_REQUEST")
    assert money(winner) == (300, 0)


def test_an_idempotency_key_of_a_withdrawal_never_expires(winner: GamerCaller) -> None:
    first = winner.post("/fe/wallet/withdraw", {"amount": 10}, key="once")
    paying.pay_due()
    again = winner.post("/fe/wallet/withdraw", {"amount": 10}, key="once")
    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    winner.post("/fe/wallet/withdraw", {"amount": 11}, key="once").refused(422, "IDEMPOTENCY_KEY_REUSED")
    assert Withdrawal.objects.count() == 1
    from kgen.models import IdempotencyKey

    assert IdempotencyKey.objects.get().expires_at is None


def test_a_gamer_cannot_read_withdrawals_of_others(
    winner: GamerCaller, studio: StudioCaller, other_studio: StudioCaller
) -> None:
    row = withdraw(winner)
    for other in (studio.gamer("neighbour"), other_studio.gamer(winner.user_id)):
        other.get(f"/fe/wallet/withdrawals/{row.pk}").refused(404, "RECORD_NOT_FOUND")
        assert other.get("/fe/wallet/withdrawals").ok() == []
    for text in ("nonsense", str(row.pk).replace("-", ""), "%00"):
        winner.get(f"/fe/wallet/withdrawals/{text}").refused(404, "RECORD_NOT_FOUND")
    assert winner.get(f"/fe/wallet/withdrawals/{str(row.pk).upper()}").ok()["withdrawal_id"] == str(row.pk)


def test_the_list_of_withdrawals_is_paged(winner: GamerCaller) -> None:
    made = []
    for amount in (1, 2, 3):
        made.append(str(withdraw(winner, amount).pk))
        paying.pay_due()
    first = winner.get("/fe/wallet/withdrawals?limit=2")
    cursor = first.headers["X-Next-Cursor"]
    second = winner.get(f"/fe/wallet/withdrawals?limit=2&cursor={cursor}")
    assert [row["withdrawal_id"] for row in first.ok() + second.ok()] == made[::-1]
    winner.get("/fe/wallet/withdrawals?cursor=x").refused(400, "BAD_REQUEST")


def test_an_open_withdrawal_keeps_its_destination(winner: GamerCaller) -> None:
    old = link(winner)
    row = withdraw(winner)
    new = link(winner, "+919876543211")
    paying.pay_due()
    row.refresh_from_db()
    assert (row.state, row.destination) == (State.PAID, old.address)
    assert kgen_balance(old) == 300
    assert not Account.objects.filter(owner_id=new.pk).exists()


def test_a_withdrawal_above_the_threshold_needs_an_approval(winner: GamerCaller) -> None:
    limits(winner, approval_above=100)
    assert withdraw(winner, 100).state == State.REQUESTED
    paying.pay_due()
    row = withdraw(winner, 101)
    assert winner.get(f"/fe/wallet/withdrawals/{row.pk}").ok()["status"] == "AWAITING_APPROVAL"
    assert paying.pay_due() == 0
    reviewing.approve_withdrawal(withdrawal_id=row.pk, operator_id=7, reason="seen")
    assert paying.pay_due() == 1
    row.refresh_from_db()
    assert (row.state, row.approved_by) == (State.PAID, 7)
    assert_proven()


def test_a_rejection_returns_the_money_once(winner: GamerCaller) -> None:
    limits(winner, approval_above=100)
    row = withdraw(winner)
    reviewing.reject_withdrawal(withdrawal_id=row.pk, operator_id=7, reason="not this one")
    assert money(winner) == (300, 0)
    for late in (
        lambda: reviewing.reject_withdrawal(withdrawal_id=row.pk, operator_id=7, reason="again"),
        lambda: reviewing.approve_withdrawal(withdrawal_id=row.pk, operator_id=8, reason="late"),
    ):
        with pytest.raises(Exception, match="WRONG_STATE"):
            late()
    assert paying.pay_due() == 0
    assert winner.balance()["wallet_transaction_error"] is True
    kinds = [
        (entry["description"]["type"], entry["sync_status"], entry["balance_after"])
        for entry in winner.get("/fe/wallet/transactions").ok()["transactions"]
    ][:2]
    assert kinds == [("WITHDRAW_REVERSAL", "COMPLETED", 350), ("WITHDRAW", "FAILED", 50)]
    assert len(winner.get("/fe/wallet/transactions?type=WITHDRAW_REVERSAL&direction=CREDIT").ok()["transactions"]) == 1
    assert winner.get("/fe/wallet/transactions?type=WITHDRAW&direction=CREDIT").ok()["transactions"] == []
    assert_proven()
    # A failed one does not count for the day, and the next paid one ends the error.
    limits(winner, approval_above=None, daily_withdrawal_limit=300)
    withdraw(winner)
    paying.pay_due()
    assert winner.balance()["wallet_transaction_error"] is False


def test_withdrawals_of_suspended_gamers_and_switched_off_clients_wait(
    winner: GamerCaller, studio: StudioCaller
) -> None:
    row = withdraw(winner)
    studio.post(f"/s2s/gamers/{winner.user_id}/suspend", {"reason": "test"}).ok()
    assert paying.pay_due() == 0
    studio.post(f"/s2s/gamers/{winner.user_id}/lift", {"reason": "test"}).ok()
    limits(winner, active=False)
    make_due()
    assert paying.pay_due() == 0
    row.refresh_from_db()
    assert (row.state, row.tries) == (State.REQUESTED, 0)
    limits(winner, active=True)
    make_due()
    assert paying.pay_due() == 1


def test_a_paused_rail_still_accepts_requests(winner: GamerCaller) -> None:
    switching.pause_rail(name="internal", operator_id=7, reason="audit")
    withdraw(winner)
    assert paying.pay_due() == 0
    switching.resume_rail(name="internal", operator_id=7, reason="done")
    assert paying.pay_due() == 1


def test_the_database_refuses_invalid_changes_of_a_withdrawal(winner: GamerCaller) -> None:
    limits(winner, approval_above=0)
    row = withdraw(winner)
    rows = Withdrawal.objects.filter(pk=row.pk)
    for wrong in (
        lambda: rows.update(amount=1),
        lambda: rows.update(destination="0x" + "0" * 40),
        lambda: rows._raw_delete("default"),
        lambda: rows.update(state=State.PAID),
        lambda: rows.update(state=State.NEEDS_REVIEW),
        lambda: Withdrawal.objects.create(
            **{name: getattr(row, name) for name in ("client_id", "wallet_id", "amount", "currency", "destination")},
            account_id=row.account_id,
            rail=row.rail,
            created_at=row.created_at,
            updated_at=row.created_at,
            next_attempt_at=row.created_at,
        ),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            wrong()
    reviewing.reject_withdrawal(withdrawal_id=row.pk, operator_id=1, reason="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(state=State.REQUESTED, settled_at=None)

"""Payouts that the gateway reports as come back, days after it had paid them: credited once, whatever has happened."""

from datetime import timedelta
from typing import Any

import pytest

from kgen.webhooks.models import WebhookEndpoint, WebhookEvent
from tests.support.gateway import FakeGateway, report_of, tell
from tests.support.http import GamerCaller, StudioCaller
from tests.support.money import fill, one
from tests.support.withdrawals import assert_proven, earn, make_due, money, row_of, withdraw
from users.models import Client
from wallet.ledger.locked_wallets import WALLET_LIMIT
from wallet.models import Bucket, Review, State, Transaction, Withdrawal
from wallet.services import paying, reviewing, switching

pytestmark = pytest.mark.django_db
CAME_BACK = ["failed", "reversed", "returned"]


def state_of(row: Withdrawal) -> tuple[str, str]:
    row.refresh_from_db()
    return row.state, row.review


def returns_of(row: Withdrawal) -> int:
    return Transaction.objects.filter(reference=f"withdrawal:{row.pk}:return").count()


@pytest.mark.parametrize("status", ["failed", "reversed", "returned"])
def test_a_refusal_in_the_answer_to_a_question_fails_the_withdrawal(
    sent: Withdrawal, winner: GamerCaller, gateway: FakeGateway, status: str
) -> None:
    gateway.status[str(sent.pk)] = status
    make_due()
    assert paying.pay_due() == 1
    assert state_of(sent) == ("FAILED", "")
    assert money(winner) == (300, 0)
    assert_proven()


@pytest.mark.parametrize("status", CAME_BACK)
def test_a_payout_that_comes_back_is_credited_once(paid: Withdrawal, winner: GamerCaller, status: str) -> None:
    settled_at = paid.settled_at
    for again in (status, status, *CAME_BACK):
        tell(report_of(paid, again)).ok()
    assert state_of(paid) == ("RETURNED", "")
    assert paid.settled_at == settled_at
    assert paid.returned_at is not None
    assert (money(winner), returns_of(paid)) == ((300, 0), 1)
    assert list(paid.attempts.filter(kind="news").values_list("outcome", flat=True)) == ["paid", status]
    assert_proven()


def test_the_gamer_sees_a_completed_withdrawal_and_its_return(paid: Withdrawal, winner: GamerCaller) -> None:
    tell(report_of(paid, "reversed")).ok()
    shown = winner.get(f"/fe/wallet/withdrawals/{paid.pk}").ok()
    assert shown["status"] == "RETURNED"
    assert winner.get("/fe/wallet/withdrawals").ok() == [shown]
    came, went = winner.get("/fe/wallet/transactions").ok()["transactions"][:2]
    assert [(e["description"]["type"], e["sync_status"], e["amount"], e["balance_after"]) for e in (came, went)] == [
        ("WITHDRAW_REVERSAL", "COMPLETED", 300, 350),
        ("WITHDRAW", "COMPLETED", 300, 50),
    ]
    assert came["from_wallet"] == went["to_wallet"]
    assert came["description"]["platformProtocolsTxnType"] == "CREDIT"


def test_the_balance_tells_of_a_return_until_the_next_paid_withdrawal(paid: Withdrawal, winner: GamerCaller) -> None:
    earn(winner, 10)
    later = withdraw(winner, 10)
    paying.pay_due()
    assert state_of(later)[0] == "PAID"
    tell(report_of(paid, "returned")).ok()
    assert winner.balance()["wallet_transaction_error"] is True, "the older one came back after the younger was paid"
    withdraw(winner, 10)
    assert winner.balance()["wallet_transaction_error"] is True
    paying.pay_due()
    assert winner.balance()["wallet_transaction_error"] is False


def test_a_returned_payout_is_part_of_the_balance_again(sent: Withdrawal, winner: GamerCaller) -> None:
    tell(report_of(sent)).ok()
    paid = winner.balance()
    tell(report_of(sent, "reversed")).ok()
    returned = winner.balance()
    for name in ("lazy_balance", "on_chain_balance", "earned_balance"):
        assert returned[name] == paid[name] + 300
    assert returned["is_lazy_balance_updated"] is True


def test_a_returned_payout_does_not_count_for_the_days_limit(paid: Withdrawal, winner: GamerCaller) -> None:
    Client.objects.update(daily_withdrawal_limit=300)
    earn(winner, 300)
    winner.post("/fe/wallet/withdraw", {"amount": 300}).refused(409, "WITHDRAWAL_LIMIT_EXCEEDED")
    tell(report_of(paid, "returned")).ok()
    withdraw(winner, 300)


def test_the_studio_is_told_of_a_return_as_of_a_failure(paid: Withdrawal, winner: GamerCaller) -> None:
    client = row_of(winner).client
    WebhookEndpoint.objects.create(client_id=client.pk, url="https://studio.example/hook", created_at=client.created_at)
    for _ in range(2):
        tell(report_of(paid, "returned")).ok()
    event = WebhookEvent.objects.get()
    assert event.type == "withdrawal.returned"
    assert event.data == {
        "withdrawal_id": str(paid.pk),
        "gamer_id": str(row_of(winner).pk),
        "user_id": winner.user_id,
        "amount": 300,
        "currency": "KCASH",
        "status": "RETURNED",
        "transaction_hash": "0xabc",
    }


@pytest.mark.parametrize("obstacle", ["suspended", "switched off", "full", "rail paused", "in another withdrawal"])
def test_nothing_keeps_a_return_from_the_gamer(
    paid: Withdrawal, winner: GamerCaller, studio: StudioCaller, obstacle: str
) -> None:
    match obstacle:
        case "suspended":
            studio.post(f"/s2s/gamers/{winner.user_id}/suspend", {"reason": "test"}).ok()
        case "switched off":
            Client.objects.update(active=False)
        case "full":
            fill(winner, Bucket.BOUGHT, WALLET_LIMIT - 50)
        case "rail paused":
            switching.pause_rail(name="http", operator_id=1, reason="audit")
        case _:
            earn(winner, 10)
            withdraw(winner, 10)
    tell(report_of(paid, "reversed")).ok()
    assert state_of(paid) == ("RETURNED", "")
    assert money(winner)[0] == 300
    assert_proven()


def test_a_wallet_above_its_limit_takes_no_other_credit(
    paid: Withdrawal, winner: GamerCaller, studio: StudioCaller
) -> None:
    fill(winner, Bucket.BOUGHT, WALLET_LIMIT - 50)
    tell(report_of(paid, "reversed")).ok()
    studio.deposit(winner.user_id, 1, "one more").refused(409, "BALANCE_LIMIT_EXCEEDED")


CONTRADICTIONS: list[dict[str, Any]] = [
    {"status": "rejected"},
    {"amount": None},
    {"amount": 299},
    {"amount": "300"},
    {"amount": True},
    {"currency": None},
    {"currency": "XYZ"},
    {"status": "paid", "transaction_hash": "0xdef"},
]


@pytest.mark.parametrize("wrong", CONTRADICTIONS, ids=str)
def test_anything_else_after_paid_is_a_contradiction(
    paid: Withdrawal, winner: GamerCaller, wrong: dict[str, Any]
) -> None:
    tell(report_of(paid, "reversed") | wrong).ok()
    assert state_of(paid) == ("PAID", Review.CONTRADICTION)
    assert (money(winner), returns_of(paid)) == ((0, 0), 0)


@pytest.mark.parametrize("name", ["amount", "currency"])
def test_a_return_that_leaves_something_out_is_a_contradiction(
    paid: Withdrawal, winner: GamerCaller, name: str
) -> None:
    told = report_of(paid, "returned")
    del told[name]
    tell(told).ok()
    assert state_of(paid) == ("PAID", Review.CONTRADICTION)
    assert money(winner) == (0, 0)


def test_a_whole_return_after_a_contradiction_is_credited_and_the_mark_stays(
    paid: Withdrawal, winner: GamerCaller
) -> None:
    tell(report_of(paid, "returned", amount=1)).ok()
    tell(report_of(paid, "returned")).ok()
    assert state_of(paid) == ("RETURNED", Review.CONTRADICTION)
    assert money(winner) == (300, 0)
    reviewing.clear_mark(withdrawal_id=paid.pk, operator_id=1, reason="their first report was wrong")
    assert state_of(paid) == ("RETURNED", "")
    assert_proven()


@pytest.mark.parametrize(
    ("late", "mark"), [("paid", Review.CONTRADICTION), ("rejected", Review.CONTRADICTION), ("accepted", "")]
)
def test_what_comes_after_a_return_moves_nothing(paid: Withdrawal, winner: GamerCaller, late: str, mark: str) -> None:
    tell(report_of(paid, "returned")).ok()
    for _ in range(2):
        tell(report_of(paid, late)).ok()
    assert state_of(paid) == ("RETURNED", mark)
    assert (money(winner), returns_of(paid)) == ((300, 0), 1)
    assert_proven()


def test_a_late_answer_of_our_own_call_does_not_pay_again(winner: GamerCaller, gateway: FakeGateway) -> None:
    row = withdraw(winner)
    claim = paying.claim_payout()
    assert claim
    reply = paying.call(claim)
    tell(report_of(row)).ok()
    tell(report_of(row, "returned")).ok()
    paying.book_outcome(claim=claim, reply=reply)
    assert state_of(row) == ("RETURNED", Review.CONTRADICTION)
    assert money(winner) == (300, 0)
    assert_proven()


@pytest.mark.parametrize("status", CAME_BACK)
def test_a_return_in_a_late_answer_is_marked_and_credited_by_its_callback(
    sent: Withdrawal, winner: GamerCaller, gateway: FakeGateway, status: str
) -> None:
    """Nobody asks for a paid one again, and the answer may be older than the payment."""
    make_due()
    claim = paying.claim_payout()
    assert claim
    gateway.status[str(sent.pk)] = status
    reply = paying.call(claim)
    tell(report_of(sent)).ok()
    paying.book_outcome(claim=claim, reply=reply)
    assert (state_of(sent), money(winner)) == (("PAID", Review.CONTRADICTION), (0, 0))
    tell(report_of(sent, status)).ok()
    assert (state_of(sent), money(winner)) == (("RETURNED", Review.CONTRADICTION), (300, 0))
    assert_proven()


def test_a_return_before_its_paid_is_a_refusal(sent: Withdrawal, winner: GamerCaller) -> None:
    tell(report_of(sent, "reversed")).ok()
    assert (state_of(sent), money(winner)) == (("FAILED", ""), (300, 0))
    tell(report_of(sent)).ok()
    assert (state_of(sent), money(winner)) == (("FAILED", Review.CONTRADICTION), (300, 0))
    assert_proven()


def test_a_payout_over_the_internal_rail_never_comes_back(winner: GamerCaller, gateway: Any, settings: Any) -> None:
    settings.PAYOUT_RAIL = "internal"
    row = withdraw(winner)
    paying.pay_due()
    tell(report_of(row, "returned")).refused(404, "RECORD_NOT_FOUND")
    assert state_of(row) == ("PAID", "")


def test_a_return_comes_from_the_account_of_payouts(paid: Withdrawal) -> None:
    tell(report_of(paid, "returned")).ok()
    said = one(
        "SELECT s.kind || ' → ' || d.kind || ' ' || p.amount FROM wallet_posting p"
        " JOIN wallet_transaction t ON t.id = p.transaction_id JOIN wallet_account s ON s.id = p.source_id"
        " JOIN wallet_account d ON d.id = p.destination_id WHERE t.reference = %s",
        f"withdrawal:{paid.pk}:return",
    )
    assert said == "payouts → earned 300"


def test_a_return_is_reported_days_after_the_payment(paid: Withdrawal, winner: GamerCaller) -> None:
    assert paid.settled_at is not None
    assert paid.returned_at is None
    tell(report_of(paid, "returned")).ok()
    assert state_of(paid)[0] == State.RETURNED
    assert paid.returned_at - paid.settled_at > timedelta()

"""What the gateway tells by itself: signed, early, late, twice, out of order, forged, contradictory, garbage."""

from typing import Any

import pytest

from tests.support.gateway import REFUSALS, FakeGateway, report_of, signed, tell
from tests.support.http import Caller, GamerCaller
from tests.support.withdrawals import assert_proven, earn, make_due, money, withdraw
from wallet.models import PayoutAttempt, Review, Withdrawal
from wallet.services import paying, reviewing

pytestmark = pytest.mark.django_db


def state_of(row: Withdrawal) -> tuple[str, str]:
    row.refresh_from_db()
    return row.state, row.review


def test_a_paid_report_stores_its_evidence(sent: Withdrawal, winner: GamerCaller) -> None:
    tell(report_of(sent, transaction_hash="0xabc", block_number=12, gas_fee=5)).ok()
    assert state_of(sent) == ("PAID", "")
    [entry] = winner.get("/fe/wallet/transactions?type=WITHDRAW").ok()["transactions"]
    assert (entry["sync_status"], entry["transaction_hash"], entry["block_number"], entry["gas_fee"]) == (
        "COMPLETED",
        "0xabc",
        12,
        5,
    )
    balance = winner.balance()
    assert (balance["on_chain_balance"], balance["held_balance"]) == (50, 0)
    assert_proven()


def test_a_repeated_report_changes_nothing(sent: Withdrawal) -> None:
    for _ in range(3):
        tell(report_of(sent)).ok()
    assert state_of(sent) == ("PAID", "")
    assert PayoutAttempt.objects.filter(withdrawal=sent, kind="news").count() == 1
    assert_proven()


@pytest.mark.parametrize("status", REFUSALS)
def test_a_refusal_after_accepted_refunds_once(sent: Withdrawal, winner: GamerCaller, status: str) -> None:
    for _ in range(2):
        tell(report_of(sent, status)).ok()
    assert state_of(sent) == ("FAILED", "")
    assert money(winner) == (300, 0)
    assert_proven()


def test_an_accepted_callback_after_paid_changes_nothing(sent: Withdrawal) -> None:
    tell(report_of(sent)).ok()
    tell(report_of(sent, "accepted")).ok()
    assert state_of(sent) == ("PAID", "")


def test_later_evidence_is_added(sent: Withdrawal) -> None:
    tell(report_of(sent)).ok()
    tell(report_of(sent, transaction_hash="0xabc", block_number=12)).ok()
    sent.refresh_from_db()
    assert (sent.transaction_hash, sent.block_number) == ("0xabc", 12)


@pytest.mark.parametrize(
    ("first", "then"),
    [("paid", "rejected"), ("rejected", "paid"), ("rejected", "accepted"), ("paid", "other hash"), ("paid", "other")],
)
def test_a_late_contradiction_never_changes_the_ledger(
    sent: Withdrawal, winner: GamerCaller, first: str, then: str
) -> None:
    tell(report_of(sent, first, transaction_hash="0xabc")).ok()
    before = money(winner)
    late = {
        "other hash": report_of(sent, transaction_hash="0xdef"),
        "other": report_of(sent, amount=299),
    }.get(then) or report_of(sent, then)
    for _ in range(2):
        tell(late).ok()
    assert state_of(sent) == ("PAID" if first == "paid" else "FAILED", Review.CONTRADICTION)
    assert money(winner) == before
    assert PayoutAttempt.objects.filter(withdrawal=sent, kind="news").count() == 2
    assert_proven()


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 299},
        {"amount": "300"},
        {"amount": 300.5},
        {"amount": True},
        {"currency": "XYZ"},
    ],
)
def test_a_mismatched_callback_puts_the_withdrawal_under_review(
    sent: Withdrawal, winner: GamerCaller, wrong: dict[str, Any]
) -> None:
    tell(report_of(sent, **wrong)).ok()
    assert state_of(sent) == ("NEEDS_REVIEW", Review.CONTRADICTION)
    assert winner.get(f"/fe/wallet/withdrawals/{sent.pk}").ok()["status"] == "SENDING"
    # What is right afterwards does not end the review by itself.
    tell(report_of(sent)).ok()
    make_due()
    assert paying.pay_due() == 0
    assert state_of(sent)[0] == "NEEDS_REVIEW"
    assert money(winner) == (0, 300)
    winner.post("/fe/wallet/withdraw").refused(409, "WITHDRAWAL_IN_PROGRESS")


@pytest.mark.parametrize("paid", [True, False])
def test_an_operator_ends_a_review_once(sent: Withdrawal, winner: GamerCaller, paid: bool) -> None:
    tell(report_of(sent, amount=1)).ok()
    found = {"reason": "seen in the gateway's books", "rail_reference": "gw-7"}
    reviewing.resolve_review(withdrawal_id=sent.pk, operator_id=5, paid=paid, **found)
    assert state_of(sent)[0] == ("PAID" if paid else "FAILED")
    assert money(winner) == ((0, 0) if paid else (300, 0))
    with pytest.raises(Exception, match="WRONG_STATE"):
        reviewing.resolve_review(withdrawal_id=sent.pk, operator_id=5, paid=not paid, **found)
    assert_proven()


def test_a_report_that_arrives_before_the_answer_settles_the_withdrawal(
    winner: GamerCaller, gateway: FakeGateway
) -> None:
    row = withdraw(winner)
    claim = paying.claim_payout()
    assert claim
    reply = paying.call(claim)
    tell(gateway.report(str(row.pk))).ok()
    assert state_of(row) == ("PAID", "")
    paying.book_outcome(claim=claim, reply=reply)
    assert state_of(row) == ("PAID", "")
    assert gateway.effects[str(row.pk)] == 1
    assert_proven()


def test_a_report_about_an_unsent_withdrawal_is_a_contradiction(winner: GamerCaller, gateway: FakeGateway) -> None:
    """As after a restore: the gateway knows what this database has forgotten."""
    row = withdraw(winner)
    tell(report_of(row)).ok()
    assert state_of(row) == ("NEEDS_REVIEW", Review.CONTRADICTION)
    assert paying.pay_due() == 0
    assert gateway.sent == []


def test_a_forged_report_is_refused(sent: Withdrawal) -> None:
    right = report_of(sent)
    good = signed(right)
    forged: list[dict[str, Any]] = [
        signed(right, secret="whsec_" + "YW5vdGhlci1zZWNyZXQtYW5vdGhlci1zZWNyZXQ="),
        signed(right, age_seconds=301),
        signed(right, age_seconds=-301),
        {"raw": good["raw"] + b" ", "headers": good["headers"]},
        {"raw": good["raw"]},
        *(
            {"raw": good["raw"], "headers": good["headers"] | {name: value}}
            for name in good["headers"]
            for value in ("", "x", "9" * 30, "v1,", "v1,é", "²", "-5", "1e3", "v2," + "A" * 5000)
        ),
    ]
    for attempt in forged:
        Caller().post("/hooks/payouts", **attempt).refused(401, "UN_AUTHORIZED")
    assert state_of(sent)[0] == "SENDING"
    assert tell(right, age_seconds=299).status == 200


def test_a_report_about_an_unknown_reference_is_not_found(sent: Withdrawal, winner: GamerCaller, settings: Any) -> None:
    for reference in ("nonsense", "", None, 5, ["x"], str(sent.pk).upper(), str(sent.wallet_id), "0" * 36):
        tell(report_of(sent) | {"reference": reference}).refused(404, "RECORD_NOT_FOUND")
    settings.PAYOUT_RAIL = "internal"
    tell(report_of(sent, "rejected")).ok()
    other = withdraw(winner)
    tell(report_of(other)).refused(404, "RECORD_NOT_FOUND")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"5",
        b"{",
        b"\xff",
        b'{"a":NaN}',
        b"[" * 60_000,
        b'{"status":"paid","status":"paid"}',
        b'{"x":1}',
        b'{"status":"\\u0000"}',
        b'{"status":["paid"]}',
        b'{"status":"PAID"}',
        b'{"status":' + b"9" * 5000 + b"}",
    ],
)
def test_a_signed_report_in_a_wrong_form_is_refused(gateway: FakeGateway, body: bytes) -> None:
    tell(body).refused(400, "BAD_REQUEST")


def test_a_callback_too_large_or_with_a_wrong_method_is_refused(gateway: FakeGateway) -> None:
    tell(b" " * 70_000).refused(413, "PAYLOAD_TOO_LARGE")
    Caller().get("/hooks/payouts").refused(405, "METHOD_NOT_ALLOWED")


def test_without_a_gateway_every_report_is_refused(winner: GamerCaller) -> None:
    row = withdraw(winner)
    tell(report_of(row)).refused(401, "UN_AUTHORIZED")


def test_a_report_ends_a_review_of_an_unconfirmed_payout(winner: GamerCaller, gateway: FakeGateway) -> None:
    for status, state in (("paid", "PAID"), ("rejected", "FAILED"), ("accepted", "SENDING")):
        earn(winner, 10)
        row = withdraw(winner)
        gateway.posts.append("500")
        paying.pay_due(most=1)
        make_due()
        paying.pay_due(most=1)
        assert state_of(row) == ("NEEDS_REVIEW", Review.UNCONFIRMED)
        tell(report_of(row, status)).ok()
        assert state_of(row) == (state, "")
    assert_proven()

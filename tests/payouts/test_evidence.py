"""What a gateway adds in a form of its own never stops a payment that matches, and lifts a review that it caused."""

import json
from typing import Any

import pytest

from tests.support.gateway import FakeGateway, report_of, tell
from tests.support.http import GamerCaller
from tests.support.withdrawals import assert_proven, make_due, money, withdraw
from wallet.models import PayoutAttempt, Review, State, Transaction, Withdrawal
from wallet.services import paying
from wallet.services.outcomes import write_attempt

pytestmark = pytest.mark.django_db

FOREIGN: list[dict[str, Any]] = [
    {"gas_fee": 0.25},
    {"gas_fee": -1},
    {"gas_fee": 2**60},
    {"gas_fee": "0.25 ETH"},
    {"gas_fee": True},
    {"block_number": "123"},
    {"block_number": -1},
    {"block_number": [1, 2]},
    {"transaction_hash": "0x" + "a" * 199},
    {"transaction_hash": ""},
    {"transaction_hash": 5},
    {"transaction_hash": {"id": "x"}},
    {"gas_fee": {}, "block_number": 1.5, "transaction_hash": []},
]


def state_of(row: Withdrawal) -> tuple[str, str]:
    row.refresh_from_db()
    return row.state, row.review


def payments_of(row: Withdrawal) -> int:
    return Transaction.objects.filter(reference=f"withdrawal:{row.pk}:paid").count()


@pytest.mark.parametrize("foreign", FOREIGN, ids=str)
def test_evidence_in_another_form_is_dropped_and_named_in_the_log(sent: Withdrawal, foreign: dict[str, Any]) -> None:
    tell(report_of(sent, **foreign)).ok()
    assert state_of(sent) == ("PAID", "")
    assert (sent.gas_fee, sent.block_number, sent.transaction_hash) == (None, None, None)
    attempt = PayoutAttempt.objects.get(withdrawal=sent, kind="news")
    assert attempt.outcome == "paid"
    assert set(attempt.detail.removeprefix("ignored ").split(", ")) == set(foreign)
    assert_proven()


def test_readable_evidence_is_kept_beside_what_is_dropped(sent: Withdrawal) -> None:
    tell(report_of(sent, transaction_hash="0xabc", block_number=12, gas_fee=0.25)).ok()
    sent.refresh_from_db()
    assert (sent.transaction_hash, sent.block_number, sent.gas_fee) == ("0xabc", 12, None)


def test_unknown_fields_of_any_form_are_ignored(sent: Withdrawal) -> None:
    extra = {"id": 9, "fees": {"flat": 0.5, "tax": [1, None]}, "utr": "x" * 5000, "mode": None, "e": -1e300}
    tell(report_of(sent, **extra)).ok()
    assert state_of(sent) == ("PAID", "")


RAW = [
    '"gas_fee": 123456789012345678901234567890',
    '"gas_fee": 1e999',
    '"block_number": -1234567890123456789012',
    '"transaction_hash": "\\u0000"',
    '"transaction_hash": "\\ud800"',
    '"id": 123456789012345678901234567890',
    f'"id": {"9" * 5000}',
    '"rate": 1e999, "other": NaN',
    '"note": "\\u0000\\udfff"',
    '"fee": 1, "fee": 2',
    f'"deep": {"[" * 200}{"]" * 200}',
]


@pytest.mark.parametrize("member", RAW, ids=lambda text: text[:40])
def test_numbers_and_texts_that_we_could_not_store_stop_nothing(sent: Withdrawal, member: str) -> None:
    body = json.dumps(report_of(sent)).removesuffix("}") + f", {member}}}"
    tell(body.encode()).ok()
    assert state_of(sent) == ("PAID", "")
    assert (sent.gas_fee, sent.block_number, sent.transaction_hash) == (None, None, None)


@pytest.mark.parametrize(
    "member",
    [
        '"amount": 300',
        '"status": "paid"',
        '"gas_fee": 1, "gas_fee": 2',
        '"currency": "\\u0000"',
        '"deep": ' + "[" * 30_000,
    ],
    ids=lambda text: text[:40],
)
def test_a_name_of_ours_comes_once_and_what_decides_is_strict_json(sent: Withdrawal, member: str) -> None:
    told = report_of(sent)
    if "currency" in member:
        del told["currency"]
    tell((json.dumps(told).removesuffix("}") + f", {member}}}").encode()).refused(400, "BAD_REQUEST")
    assert state_of(sent) == ("SENDING", "")


@pytest.mark.parametrize("amount", ["9" * 30, "1e999", "NaN"])
def test_an_amount_beyond_all_numbers_is_no_report(sent: Withdrawal, amount: str) -> None:
    body = json.dumps(report_of(sent, amount=0)).replace('"amount": 0', f'"amount": {amount}')
    tell(body.encode()).refused(400, "BAD_REQUEST")
    assert state_of(sent) == ("SENDING", "")


def test_an_answer_to_our_own_call_may_have_evidence_in_another_form(winner: GamerCaller, gateway: FakeGateway) -> None:
    row = withdraw(winner)
    paid = gateway.report
    gateway.report = lambda reference, **changes: paid(reference, **changes) | {"gas_fee": 0.25}  # type: ignore[method-assign]
    assert paying.pay_due() == 1
    assert state_of(row) == ("PAID", "")
    assert PayoutAttempt.objects.get(withdrawal=row).detail == "ignored gas_fee"


@pytest.mark.parametrize("wrong", [{"amount": 299}, {"currency": "XYZ"}, {"amount": "300"}, {"amount": True}], ids=str)
def test_what_must_match_stays_strict(sent: Withdrawal, winner: GamerCaller, wrong: dict[str, Any]) -> None:
    tell(report_of(sent, gas_fee=0.25, **wrong)).ok()
    assert state_of(sent) == ("NEEDS_REVIEW", Review.CONTRADICTION)
    assert PayoutAttempt.objects.get(withdrawal=sent, kind="news").detail == next(iter(wrong))
    assert money(winner) == (0, 300)


def reviewed(row: Withdrawal, *differences: str) -> None:
    """Put the withdrawal into the review that an earlier version began, with what its log names as the difference."""
    for difference in differences:
        write_attempt(row, "news", row.updated_at, ended_at=row.updated_at, outcome="mismatch", detail=difference)
    Withdrawal.objects.filter(pk=row.pk).update(state=State.NEEDS_REVIEW, review=Review.CONTRADICTION)


@pytest.mark.parametrize("differences", [("gas_fee",), ("block_number", "transaction_hash", "block_number")], ids=str)
def test_a_correct_paid_lifts_a_review_that_evidence_caused(
    sent: Withdrawal, winner: GamerCaller, differences: tuple[str, ...]
) -> None:
    reviewed(sent, *differences)
    for _ in range(2):
        tell(report_of(sent, gas_fee=0.25)).ok()
    assert state_of(sent) == ("PAID", "")
    assert (money(winner), payments_of(sent)) == ((0, 0), 1)
    assert_proven()


@pytest.mark.parametrize("status", ["accepted", "rejected", "failed", "reversed", "returned"])
def test_nothing_but_paid_lifts_such_a_review(sent: Withdrawal, winner: GamerCaller, status: str) -> None:
    reviewed(sent, "gas_fee")
    tell(report_of(sent, status)).ok()
    assert state_of(sent) == ("NEEDS_REVIEW", Review.CONTRADICTION)
    assert money(winner) == (0, 300)


@pytest.mark.parametrize("name", ["amount", "currency"])
def test_a_paid_that_leaves_something_out_lifts_no_review(sent: Withdrawal, name: str) -> None:
    reviewed(sent, "gas_fee")
    told = report_of(sent)
    del told[name]
    tell(told).ok()
    assert state_of(sent) == ("NEEDS_REVIEW", Review.CONTRADICTION)


@pytest.mark.parametrize("differences", [("amount",), ("gas_fee", "amount"), ("currency",), ("reference",)], ids=str)
def test_a_review_of_amount_or_currency_stays_with_a_person(sent: Withdrawal, differences: tuple[str, ...]) -> None:
    reviewed(sent, *differences)
    tell(report_of(sent)).ok()
    assert state_of(sent) == ("NEEDS_REVIEW", Review.CONTRADICTION)


def test_a_review_of_what_was_never_sent_stays_with_a_person(winner: GamerCaller, gateway: FakeGateway) -> None:
    row = withdraw(winner)
    tell(report_of(row)).ok()
    tell(report_of(row, gas_fee=0.25)).ok()
    make_due()
    assert paying.pay_due() == 0
    assert state_of(row) == ("NEEDS_REVIEW", Review.CONTRADICTION)

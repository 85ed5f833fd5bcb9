"""A fault of ours in the middle of a call: nobody knows what became of the payout, so no money goes back."""

from typing import Any

import pytest

from tests.support.gateway import FakeGateway
from tests.support.http import GamerCaller
from tests.support.withdrawals import assert_proven, make_due, money, withdraw
from wallet.models import PauseReason, PayoutAttempt, PayoutRail, State, Step, Withdrawal
from wallet.payouts import http
from wallet.services import paying

pytestmark = pytest.mark.usefixtures("committed")


def attempts(row: Withdrawal) -> list[tuple[str, str, str]]:
    """(kind, outcome, detail) of each call, oldest first."""
    log = PayoutAttempt.objects.filter(withdrawal=row).order_by("number")
    return list(log.values_list("kind", "outcome", "detail"))


def test_a_fault_after_the_gateway_took_the_payout_pays_it_once(
    winner: GamerCaller, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = withdraw(winner)

    def read_report(body: bytes) -> Any:
        raise ZeroDivisionError("a secret")

    with monkeypatch.context() as patch:
        patch.setattr(http, "read_report", read_report)
        assert paying.pay_due() == 1
    row.refresh_from_db()
    assert (row.state, row.next_step, row.lease_until, row.review) == (State.SENDING, Step.ASK, None, "")
    assert money(winner) == (0, 300)
    make_due()
    assert paying.pay_due() == 1
    row.refresh_from_db()
    assert row.state == State.PAID
    assert attempts(row) == [("send", "unknown", "unexpected ZeroDivisionError"), ("ask", "paid", "")]
    assert (gateway.effects[str(row.pk)], len(gateway.sent)) == (1, 1)
    assert_proven()


def test_a_fault_before_the_call_is_unknown_and_counts_against_the_rail(
    winner: GamerCaller, gateway: FakeGateway, settings: Any
) -> None:
    row = withdraw(winner)
    settings.PAYOUT_BREAKER_FAILURES = 2
    # Nothing can be signed with it.
    right, settings.PAYOUT_GATEWAY_SECRET = settings.PAYOUT_GATEWAY_SECRET, "whsec_é"
    for _ in range(2):
        assert paying.pay_due() == 1
        make_due()
    assert [kind for kind, _, _ in attempts(row)] == ["send", "ask"]
    assert {(outcome, detail) for _, outcome, detail in attempts(row)} == {("unknown", "unexpected ValueError")}
    assert PayoutRail.objects.get(name="http").pause == PauseReason.BREAKER
    row.refresh_from_db()
    assert (row.state, money(winner), gateway.sent) == (State.SENDING, (0, 300), [])
    settings.PAYOUT_GATEWAY_SECRET = right
    make_due()
    paying.pay_due()
    row.refresh_from_db()
    assert (row.state, row.review) == (State.NEEDS_REVIEW, "UNCONFIRMED"), "it may have been sent: a person looks"
    assert_proven()

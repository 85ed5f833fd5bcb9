"""Marking a payout as returned takes two operators, and what the database itself refuses."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from kgen.clock import database_now
from kgen.errors import Forbidden, Invalid, RecordNotFound, WrongState
from tests.support.gateway import report_of, tell
from tests.support.http import GamerCaller
from tests.support.money import new_id
from tests.support.operators import CHECKER, MAKER
from tests.support.withdrawals import assert_proven, money, withdraw
from wallet.errors import OwnReturn
from wallet.models import State, Transaction, Withdrawal
from wallet.services import paying
from wallet.services.returning import ask_return, cancel_return, confirm_return, refuse_return

pytestmark = pytest.mark.django_db
WHY = "the bank's statement of 3 May"


def ask(row: Withdrawal) -> None:
    ask_return(withdrawal_id=row.pk, operator_id=MAKER, reason=WHY)


def confirm(row: Withdrawal, operator: int = CHECKER) -> None:
    confirm_return(withdrawal_id=row.pk, operator_id=operator, reason="seen it too")


def test_the_money_moves_when_another_operator_confirms(paid: Withdrawal, winner: GamerCaller) -> None:
    ask(paid)
    assert money(winner) == (0, 0)
    confirm(paid)
    paid.refresh_from_db()
    assert (paid.state, paid.return_asked_by, paid.returned_by) == (State.RETURNED, MAKER, CHECKER)
    assert paid.return_reason == WHY
    assert money(winner) == (300, 0)
    assert_proven()
    for decide in (confirm, ask, lambda row: refuse_return(withdrawal_id=row.pk, operator_id=CHECKER, reason=WHY)):
        with pytest.raises(WrongState):
            decide(paid)
    assert Transaction.objects.filter(reference=f"withdrawal:{paid.pk}:return").count() == 1


def test_the_maker_neither_confirms_nor_refuses(paid: Withdrawal, winner: GamerCaller) -> None:
    ask(paid)
    for decide in (confirm_return, refuse_return):
        with pytest.raises(OwnReturn, match="SECOND_PERSON_NEEDED"):
            decide(withdrawal_id=paid.pk, operator_id=MAKER, reason=WHY)
    with pytest.raises(Forbidden):
        cancel_return(withdrawal_id=paid.pk, operator_id=CHECKER, reason=WHY)
    assert money(winner) == (0, 0)


@pytest.mark.parametrize(("end", "operator"), [(refuse_return, CHECKER), (cancel_return, MAKER)])
def test_a_request_that_ended_may_be_made_again(
    paid: Withdrawal, winner: GamerCaller, end: Callable[..., None], operator: int
) -> None:
    ask(paid)
    end(withdrawal_id=paid.pk, operator_id=operator, reason="not there")
    paid.refresh_from_db()
    assert (paid.state, paid.return_asked_by, paid.return_reason) == (State.PAID, None, "")
    with pytest.raises(WrongState):
        confirm(paid)
    assert money(winner) == (0, 0)
    ask(paid)
    confirm(paid)
    assert money(winner) == (300, 0)
    assert_proven()


@pytest.mark.parametrize("reason", ["", "  ", "no", "x" * 501])
def test_a_request_needs_evidence(paid: Withdrawal, reason: str) -> None:
    with pytest.raises(Invalid):
        ask_return(withdrawal_id=paid.pk, operator_id=MAKER, reason=reason)
    ask(paid)
    with pytest.raises(Invalid):
        confirm_return(withdrawal_id=paid.pk, operator_id=CHECKER, reason=reason)
    paid.refresh_from_db()
    assert paid.state == State.PAID


def test_only_a_paid_withdrawal_of_the_gateway_can_come_back(
    sent: Withdrawal, winner: GamerCaller, settings: Any
) -> None:
    with pytest.raises(RecordNotFound):
        ask_return(withdrawal_id=new_id(), operator_id=MAKER, reason=WHY)
    with pytest.raises(WrongState):
        ask(sent)
    tell(report_of(sent, "rejected")).ok()
    with pytest.raises(WrongState):
        ask(sent)
    settings.PAYOUT_RAIL = "internal"
    internal = withdraw(winner)
    paying.pay_due()
    with pytest.raises(WrongState):
        ask(internal)


def test_a_callback_comes_before_the_second_operator(paid: Withdrawal, winner: GamerCaller) -> None:
    ask(paid)
    tell(report_of(paid, "returned")).ok()
    with pytest.raises(WrongState):
        confirm(paid)
    paid.refresh_from_db()
    assert (paid.state, paid.return_asked_by, paid.returned_by) == (State.RETURNED, MAKER, None)
    assert money(winner) == (300, 0)
    assert_proven()


def refused(row: Withdrawal, **values: Any) -> None:
    """The database itself refuses these values."""
    with pytest.raises(IntegrityError), transaction.atomic():
        Withdrawal.objects.filter(pk=row.pk).update(**values)


def test_the_database_refuses_a_return_of_what_is_not_paid(sent: Withdrawal) -> None:
    now = database_now()
    came_back = {"state": State.RETURNED, "returned_at": now}
    refused(sent, **came_back)
    refused(sent, settled_at=now, **came_back)
    refused(sent, return_asked_by=MAKER, return_reason=WHY)
    refused(sent, returned_at=now)
    tell(report_of(sent, "rejected")).ok()
    refused(sent, **came_back)


def test_the_database_refuses_a_return_over_the_internal_rail(winner: GamerCaller, gateway: Any, settings: Any) -> None:
    settings.PAYOUT_RAIL = "internal"
    row = withdraw(winner)
    paying.pay_due()
    refused(row, state=State.RETURNED, returned_at=database_now())
    refused(row, return_asked_by=MAKER, return_reason=WHY)


def test_the_database_keeps_four_eyes_and_the_request_whole(paid: Withdrawal) -> None:
    now = database_now()
    came_back = {"state": State.RETURNED, "returned_at": now}
    asked = {"return_asked_by": MAKER, "return_reason": WHY}
    refused(paid, **came_back, **asked, returned_by=MAKER)
    refused(paid, **came_back, returned_by=CHECKER)
    refused(paid, **asked, returned_by=CHECKER)
    refused(paid, state=State.RETURNED)
    refused(paid, returned_at=now)
    refused(paid, return_asked_by=MAKER)
    refused(paid, return_asked_by=MAKER, return_reason="   ")
    refused(paid, return_reason=WHY)
    refused(paid, **came_back, settled_at=now)


def test_the_database_keeps_what_is_returned(paid: Withdrawal) -> None:
    ask(paid)
    confirm(paid)
    now = database_now()
    refused(paid, state=State.PAID, returned_at=None, returned_by=None)
    refused(paid, returned_at=now)
    refused(paid, returned_by=99)
    refused(paid, return_asked_by=98)
    refused(paid, return_reason="another reason")
    refused(paid, settled_at=now)
    refused(paid, state=State.SENDING, settled_at=None, returned_at=None, returned_by=None)

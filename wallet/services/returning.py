"""Payouts that came back, marked by hand: one operator asks with evidence, another confirms, and only that moves money.

For what a gateway's books show and its callbacks did not report. A callback that reports it meanwhile comes first.
"""

from datetime import datetime
from uuid import UUID

from kgen.clock import database_now
from kgen.errors import Forbidden, Invalid, RecordNotFound, WrongState
from kgen.states import move_to
from kgen.transactions import transactional
from wallet import errors
from wallet.models import GATEWAY_RAIL, State, Withdrawal
from wallet.models.adjustments import LONGEST_REASON, SHORTEST_REASON
from wallet.services import outcomes


@transactional
def ask_return(*, withdrawal_id: UUID, operator_id: int, reason: str) -> None:
    """Ask to mark a payout of the gateway as returned. No money moves before another operator confirms.

    :raises RecordNotFound: the withdrawal does not exist.
    :raises WrongState: it is not paid, its rail is not the gateway, or somebody has asked already.
    :raises Invalid: the reason is too short or too long.
    """
    row, _ = _locked(withdrawal_id)
    move_to(
        row,
        where={"state": State.PAID, "rail": GATEWAY_RAIL, "return_asked_by": None},
        return_asked_by=operator_id,
        return_reason=_checked(reason),
    )


@transactional
def confirm_return(*, withdrawal_id: UUID, operator_id: int, reason: str) -> None:
    """Confirm another operator's request: the withdrawal is RETURNED, and the money goes to earned, once.

    The trail keeps the checker's reason.

    :raises RecordNotFound: the withdrawal does not exist.
    :raises WrongState: nobody asks for it, or it has come back meanwhile.
    :raises OwnReturn: the operator asked for it.
    :raises Invalid: the reason is too short or too long.
    """
    row, now = _for_checker(withdrawal_id, operator_id)
    _checked(reason)
    outcomes.take_back(row, now, returned_by=operator_id)


@transactional
def refuse_return(*, withdrawal_id: UUID, operator_id: int, reason: str) -> None:
    """Refuse another operator's request. Nothing moves, and somebody may ask again.

    :raises RecordNotFound: the withdrawal does not exist.
    :raises WrongState: nobody asks for it, or it has come back meanwhile.
    :raises OwnReturn: the operator asked for it, and can only cancel it.
    :raises Invalid: the reason is too short or too long.
    """
    row, _ = _for_checker(withdrawal_id, operator_id)
    _checked(reason)
    _forget(row)


@transactional
def cancel_return(*, withdrawal_id: UUID, operator_id: int, reason: str) -> None:
    """Cancel the operator's own request.

    :raises RecordNotFound: the withdrawal does not exist.
    :raises WrongState: nobody asks for it, or it has come back meanwhile.
    :raises Forbidden: another operator asked for it.
    :raises Invalid: the reason is too short or too long.
    """
    row, _ = _asked(withdrawal_id)
    if row.return_asked_by != operator_id:
        raise Forbidden("Only the operator who asked for this return can cancel it.")
    _checked(reason)
    _forget(row)


def _for_checker(withdrawal_id: UUID, operator_id: int) -> tuple[Withdrawal, datetime]:
    row, now = _asked(withdrawal_id)
    if row.return_asked_by == operator_id:
        raise errors.OwnReturn()
    return row, now


def _asked(withdrawal_id: UUID) -> tuple[Withdrawal, datetime]:
    row, now = _locked(withdrawal_id)
    if row.state != State.PAID or row.return_asked_by is None:
        raise WrongState()
    return row, now


def _forget(row: Withdrawal) -> None:
    """End a request without a return. The trail keeps it."""
    asked = {"state": State.PAID, "return_asked_by": row.return_asked_by}
    move_to(row, where=asked, return_asked_by=None, return_reason="")


def _locked(withdrawal_id: UUID) -> tuple[Withdrawal, datetime]:
    row = Withdrawal.objects.select_for_update().filter(pk=withdrawal_id).first()
    if row is None:
        raise RecordNotFound()
    return row, database_now()


def _checked(reason: str) -> str:
    words = reason.strip()
    if not SHORTEST_REASON <= len(words) <= LONGEST_REASON:
        raise Invalid(f"The reason must have {SHORTEST_REASON} to {LONGEST_REASON} characters.")
    return words

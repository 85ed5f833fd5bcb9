"""What operators decide: approvals above the client's threshold, and the end of reviews."""

from datetime import datetime
from uuid import UUID

from kgen.clock import database_now
from kgen.errors import RecordNotFound, WrongState
from kgen.states import move_to
from kgen.transactions import journey
from wallet import errors, ledger
from wallet.models import Review, State, Step, Withdrawal
from wallet.selectors.adjustments import has_asked_for_adjustment
from wallet.services import booking


@journey
def approve_withdrawal(*, withdrawal_id: UUID, operator_id: int, reason: str) -> None:
    """Let a withdrawal above the client's threshold be paid.

    Whoever asked for an adjustment of its wallet, open or approved, does not approve it.

    :raises RecordNotFound: there is none of that id.
    :raises WrongState: it does not await approval.
    :raises AdjustedByApprover: the operator asked for an adjustment of this wallet.
    """
    row, _ = _locked(withdrawal_id)
    # Under the purse's lock, which a request for an adjustment takes too: none is made between look and approval.
    ledger.lock_purse(row.wallet_id)
    if has_asked_for_adjustment(row.wallet_id, operator_id):
        raise errors.AdjustedByApprover()
    move_to(
        row,
        where={"state": State.AWAITING_APPROVAL, "approved_by": None},
        approved_by=operator_id,
        reason=reason,
        updated_at=database_now(),
    )


@journey
def reject_withdrawal(*, withdrawal_id: UUID, operator_id: int, reason: str) -> None:
    """Refuse a withdrawal that awaits approval: FAILED, and the money is earned money again.

    :raises RecordNotFound: there is none of that id.
    :raises WrongState: it does not await approval.
    """
    row, now = _locked(withdrawal_id)
    if row.state != State.AWAITING_APPROVAL or row.approved_by is not None:
        raise WrongState()
    booking.refund(row, now, rejected_by=operator_id, reason=reason)


@journey
def ask_again(*, withdrawal_id: UUID) -> None:
    """Ask the rail once more about a withdrawal that it had not seen.

    :raises RecordNotFound: there is none of that id.
    :raises WrongState: it is not in review, or for a contradiction, which no answer would settle.
    """
    row, now = _locked(withdrawal_id)
    move_to(
        row,
        where={"state": State.NEEDS_REVIEW, "review": Review.UNCONFIRMED},
        state=State.SENDING,
        review="",
        next_step=Step.ASK,
        next_attempt_at=now,
    )


@journey
def resolve_review(*, withdrawal_id: UUID, operator_id: int, paid: bool, reason: str) -> None:
    """End a review by hand, after looking at the rail's own books: paid, or never to be paid.

    :raises RecordNotFound: there is none of that id.
    :raises WrongState: it is not in review.
    """
    row, now = _locked(withdrawal_id)
    if row.state != State.NEEDS_REVIEW:
        raise WrongState()
    if paid:
        booking.pay(row, None, now, resolved_by=operator_id, reason=reason)
    else:
        booking.refund(row, now, resolved_by=operator_id, reason=reason)


def _locked(withdrawal_id: UUID) -> tuple[Withdrawal, datetime]:
    row = Withdrawal.objects.select_for_update().filter(pk=withdrawal_id).first()
    if row is None:
        raise RecordNotFound()
    return row, database_now()

"""What operators decide: approvals above the client's threshold, and the end of reviews."""

from datetime import datetime
from uuid import UUID

from kgen.clock import database_now
from kgen.errors import Invalid, RecordNotFound, WrongState
from kgen.states import move_to
from kgen.transactions import transactional
from wallet import errors, ledger
from wallet.models import LONGEST_RAIL_REFERENCE, SETTLED, Review, State, Step, Withdrawal
from wallet.selectors.adjustments import has_asked_for_adjustment
from wallet.services import outcomes


@transactional
def approve_withdrawal(*, withdrawal_id: UUID, operator_id: int, reason: str) -> None:
    """Approve a withdrawal above the client's threshold.

    An operator who requested an adjustment of the wallet, open or approved, may not approve it.

    :raises RecordNotFound: the withdrawal does not exist.
    :raises WrongState: it does not await approval.
    :raises AdjustedByApprover: the operator requested an adjustment of this wallet.
    """
    row, _ = _locked(withdrawal_id)
    # A request for an adjustment takes the same lock, so that none appears between this check and the approval.
    ledger.lock_wallet(row.wallet_id)
    if has_asked_for_adjustment(row.wallet_id, operator_id):
        raise errors.AdjustedByApprover()
    move_to(
        row,
        where={"state": State.AWAITING_APPROVAL, "approved_by": None},
        approved_by=operator_id,
        reason=reason,
        updated_at=database_now(),
    )


@transactional
def reject_withdrawal(*, withdrawal_id: UUID, operator_id: int, reason: str) -> None:
    """Reject a withdrawal that awaits approval: it is FAILED, and the money returns to earned.

    :raises RecordNotFound: the withdrawal does not exist.
    :raises WrongState: it does not await approval.
    """
    row, now = _locked(withdrawal_id)
    if row.state != State.AWAITING_APPROVAL or row.approved_by is not None:
        raise WrongState()
    outcomes.refund(row, now, rejected_by=operator_id, reason=reason)


@transactional
def ask_again(*, withdrawal_id: UUID) -> None:
    """Ask the rail again about a withdrawal that it had not seen.

    :raises RecordNotFound: the withdrawal does not exist.
    :raises WrongState: it is not in review, or it is there for a contradiction, which no answer resolves.
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


@transactional
def resolve_review(*, withdrawal_id: UUID, operator_id: int, paid: bool, reason: str, rail_reference: str = "") -> None:
    """End a review by hand, from the rail's own books: paid, or never to be paid.

    Keeps `reason`, the evidence in words, and `rail_reference`, the payment's name in the rail's books.

    :raises RecordNotFound: the withdrawal does not exist.
    :raises WrongState: it is not in review.
    :raises Invalid: the reason is empty, or the reference is too long, or empty although it was paid.
    """
    if not reason.strip():
        raise Invalid("Say what the rail's books show.")
    if paid and not rail_reference.strip():
        raise Invalid("Name the payment as the rail's books do.")
    if len(rail_reference) > LONGEST_RAIL_REFERENCE:
        raise Invalid(f"The rail's reference must have at most {LONGEST_RAIL_REFERENCE} characters.")
    row, now = _locked(withdrawal_id)
    if row.state != State.NEEDS_REVIEW:
        raise WrongState()
    evidence = {"resolved_by": operator_id, "reason": reason, "rail_reference": rail_reference.strip()}
    if paid:
        outcomes.pay(row, None, now, **evidence)
    else:
        outcomes.refund(row, now, **evidence)


@transactional
def clear_mark(*, withdrawal_id: UUID, operator_id: int, reason: str) -> None:
    """Clear the mark of a settled withdrawal that the rail disputed, after an operator resolved it. No money moves.

    Another contradicting callback marks it again.

    :raises RecordNotFound: the withdrawal does not exist.
    :raises WrongState: it is not settled, or not disputed.
    :raises Invalid: the reason is empty.
    """
    if not reason.strip():
        raise Invalid("Give a reason.")
    row, _ = _locked(withdrawal_id)
    move_to(
        row,
        where={"state__in": SETTLED, "review": Review.CONTRADICTION},
        review="",
        cleared_by=operator_id,
        clear_reason=reason,
    )


def _locked(withdrawal_id: UUID) -> tuple[Withdrawal, datetime]:
    row = Withdrawal.objects.select_for_update().filter(pk=withdrawal_id).first()
    if row is None:
        raise RecordNotFound()
    return row, database_now()

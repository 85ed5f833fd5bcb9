"""Adjustments of balances: one operator requests, another decides, and only an approval moves money."""

from uuid import UUID

import structlog

from kgen.clock import database_now
from kgen.errors import Invalid, RecordNotFound, WrongState
from kgen.states import move_to
from kgen.transactions import transactional
from wallet import errors, ledger
from wallet.ledger import Bucket
from wallet.models import ADJUSTABLE, Adjustment, AdjustmentState, Direction
from wallet.models.adjustments import LARGEST_ADJUSTMENT, LONGEST_REASON, SHORTEST_REASON

log = structlog.get_logger(__name__)


@transactional
def request_adjustment(
    *, wallet_id: UUID, bucket: Bucket, direction: Direction, amount: int, reason: str, operator_id: int
) -> Adjustment:
    """Request a credit or debit of `amount` in one bucket. No money moves before another operator approves.

    :raises RecordNotFound: the wallet does not exist.
    :raises Invalid: the bucket is `held`, the amount is not 1 … 2⁵², or the reason is too short or too long.
    """
    if bucket not in ADJUSTABLE:
        raise Invalid("Held money belongs to a withdrawal and cannot be adjusted.")
    if not 1 <= amount <= LARGEST_ADJUSTMENT:
        raise Invalid(f"The amount must be 1 to {LARGEST_ADJUSTMENT}.")
    words = _checked("reason", reason)
    # Approving a withdrawal takes the same lock, so that nobody approves a withdrawal from a wallet they are adjusting.
    wallet = ledger.lock_wallets([wallet_id]).get(wallet_id)
    if wallet is None:
        raise RecordNotFound()
    return Adjustment.objects.create(
        client_id=wallet.client_id,
        wallet_id=wallet_id,
        bucket=bucket,
        direction=direction,
        amount=amount,
        reason=words,
        requested_by=operator_id,
        created_at=database_now(),
    )


@transactional
def approve_adjustment(*, adjustment_id: UUID, operator_id: int, note: str) -> None:
    """Book another operator's request, once. If the ledger refuses it, the request stays open.

    :raises RecordNotFound: the adjustment does not exist.
    :raises WrongState: it is decided.
    :raises OwnAdjustment: the operator requested it.
    :raises Invalid: the note is too short or too long.
    :raises InsufficientBalance: the bucket holds less than the debit.
    :raises BalanceLimitExceeded: the wallet would exceed its limit.
    """
    row = _for_checker(adjustment_id, operator_id)
    ledger.adjust(
        wallet_id=row.wallet_id,
        adjustment_id=row.pk,
        bucket=Bucket(row.bucket),
        amount=row.amount,
        credit=row.direction == Direction.CREDIT,
    )
    _decide(row, AdjustmentState.APPROVED, operator_id, note)


@transactional
def reject_adjustment(*, adjustment_id: UUID, operator_id: int, note: str) -> None:
    """Reject another operator's request.

    :raises RecordNotFound: the adjustment does not exist.
    :raises WrongState: it is decided.
    :raises OwnAdjustment: the operator requested it, and can only cancel it.
    :raises Invalid: the note is too short or too long.
    """
    _decide(_for_checker(adjustment_id, operator_id), AdjustmentState.REJECTED, operator_id, note)


@transactional
def cancel_adjustment(*, adjustment_id: UUID, operator_id: int, note: str) -> None:
    """Cancel the operator's own request.

    :raises RecordNotFound: the adjustment does not exist.
    :raises WrongState: it is decided.
    :raises NotTheMaker: another operator requested it.
    :raises Invalid: the note is too short or too long.
    """
    row = _open(adjustment_id)
    if row.requested_by != operator_id:
        raise errors.NotTheMaker()
    _decide(row, AdjustmentState.CANCELLED, operator_id, note)


def _for_checker(adjustment_id: UUID, operator_id: int) -> Adjustment:
    row = _open(adjustment_id)
    if row.requested_by == operator_id:
        raise errors.OwnAdjustment()
    return row


def _open(adjustment_id: UUID) -> Adjustment:
    """The adjustment, under lock."""
    row = Adjustment.objects.select_for_update().filter(pk=adjustment_id).first()
    if row is None:
        raise RecordNotFound()
    if row.state != AdjustmentState.REQUESTED:
        raise WrongState("This adjustment has been decided.")
    return row


def _decide(row: Adjustment, state: AdjustmentState, operator_id: int, note: str) -> None:
    move_to(
        row,
        where={"state": AdjustmentState.REQUESTED},
        state=state,
        decided_by=operator_id,
        decided_at=database_now(),
        note=_checked("note", note),
    )
    log.info("adjustment", adjustment=str(row.pk), state=state.value, maker=row.requested_by, by=operator_id)


def _checked(name: str, text: str) -> str:
    words = text.strip()
    if not SHORTEST_REASON <= len(words) <= LONGEST_REASON:
        raise Invalid(f"The {name} must have {SHORTEST_REASON} to {LONGEST_REASON} characters.")
    return words

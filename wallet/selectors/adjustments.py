"""Who asked for adjustments of a wallet."""

from uuid import UUID

from wallet.models import Adjustment, AdjustmentState


def has_asked_for_adjustment(wallet_id: UUID, operator_id: int) -> bool:
    """Whether the operator is the maker of an adjustment of this wallet that is open or approved."""
    made = Adjustment.objects.filter(wallet=wallet_id, requested_by=operator_id)
    return made.filter(state__in=[AdjustmentState.REQUESTED, AdjustmentState.APPROVED]).exists()

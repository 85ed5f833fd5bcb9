"""Jobs on withdrawals: approving and rejecting many."""

from functools import partial

from kgen.jobs.registry import Action, ItemCall, job
from wallet.models import Withdrawal
from wallet.services import reviewing

MAY_DECIDE = "wallet.approve_withdrawal"


@job(
    "withdrawals.approve",
    title="Approve withdrawals",
    permission=MAY_DECIDE,
    trace="withdrawal.approve",
    subjects=Withdrawal.objects.all,
    page="withdrawal",
)
def approve(call: ItemCall) -> Action:
    """Approve a withdrawal above the client's threshold."""
    return partial(
        reviewing.approve_withdrawal,
        withdrawal_id=call.subject.pk,
        operator_id=call.operator_id,
        reason=call.reason,
    )


@job(
    "withdrawals.reject",
    title="Reject withdrawals: the money goes back",
    permission=MAY_DECIDE,
    trace="withdrawal.reject",
    subjects=Withdrawal.objects.all,
    page="withdrawal",
)
def reject(call: ItemCall) -> Action:
    """Reject a withdrawal that awaits approval."""
    return partial(
        reviewing.reject_withdrawal,
        withdrawal_id=call.subject.pk,
        operator_id=call.operator_id,
        reason=call.reason,
    )

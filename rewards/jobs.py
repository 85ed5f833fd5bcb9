"""The job that verifies settlements of large fields."""

from functools import partial

from kgen.jobs.registry import Action, ItemCall, job
from rewards.models import Settlement
from rewards.services.verifying import verify_settlement


@job(
    "settlements.verify",
    title="Verify a settlement from its score events",
    permission="rewards.view_settlement",
    trace="settlement.verify",
    subjects=Settlement.objects.all,
    page="tournament_settlement",
)
def verify(call: ItemCall) -> Action:
    """Recompute a settlement. Differences are the item's refusal."""
    return partial(verify_settlement, tournament_id=call.subject.pk)

"""What operators do with many deliveries of webhooks at once."""

from functools import partial
from typing import Any

from django.db.models import F, QuerySet

from kgen.jobs.registry import Action, ItemCall, job
from kgen.webhooks import services
from kgen.webhooks.models import WebhookDelivery


def _deliveries() -> QuerySet[Any]:
    # A job looks for its items within the operator's clients by this name.
    return WebhookDelivery.objects.select_related("endpoint").alias(
        client_id=F("endpoint__client_id")  # type: ignore[no-redef]
    )


@job(
    "webhooks.replay",
    title="Deliver webhooks once more",
    permission="kgen.manage_webhooks",
    trace="webhook.replay",
    subjects=_deliveries,
)
def replay(turn: ItemCall) -> Action:
    """Try a delivery again, with three days of its own."""
    return partial(services.replay, client_id=turn.subject.client_id, delivery_id=turn.subject.pk)

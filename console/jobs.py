"""Jobs on many webhook deliveries."""

from functools import partial
from typing import Any

from django.db.models import F, QuerySet

from kgen.jobs.registry import Action, ItemCall, job
from kgen.webhooks import services
from kgen.webhooks.models import WebhookDelivery


def _deliveries() -> QuerySet[Any]:
    # A job filters its items by the operator's clients under this name.
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
def replay(call: ItemCall) -> Action:
    """Try a delivery again, for three more days."""
    return partial(services.replay, client_id=call.subject.client_id, delivery_id=call.subject.pk)

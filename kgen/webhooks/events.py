"""Telling: an event is written in the transaction of the change that it tells of."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from kgen.api.json import moment
from kgen.clock import database_now
from kgen.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookEvent

EVENT_TYPES = (
    "tournament.started",
    "tournament.locked",
    "tournament.completed",
    "tournament.settled",
    "tournament.cancelled",
    "reward.claimed",
    "withdrawal.paid",
    "withdrawal.failed",
    "gamer.linked",
)
TEST_EVENT = "webhook.test"
GIVE_UP_AFTER = timedelta(days=3)


def tell(client_id: UUID, type: str, data: dict[str, Any]) -> None:
    """Write an event and its deliveries to those endpoints of the client that are on and want it. Within a journey.

    `data` is ids, amounts and states: what JSON has, UUIDs as text. Nothing is written where nobody listens.
    """
    endpoints = WebhookEndpoint.objects.filter(client_id=client_id, removed_at=None, active=True)
    wanted = [endpoint for endpoint in endpoints if not endpoint.event_types or type in endpoint.event_types]
    if wanted:
        write(client_id, type, data, wanted)


def write(client_id: UUID, type: str, data: dict[str, Any], endpoints: list[WebhookEndpoint]) -> list[WebhookDelivery]:
    """An event and its deliveries to these endpoints."""
    now = database_now()
    event = WebhookEvent.objects.create(client_id=client_id, type=type, data=data, created_at=now)
    return WebhookDelivery.objects.bulk_create(
        WebhookDelivery(endpoint=endpoint, event=event, next_attempt_at=now, give_up_at=now + GIVE_UP_AFTER)
        for endpoint in endpoints
    )


def body_of(event: WebhookEvent) -> dict[str, Any]:
    """What is sent of an event."""
    return {"type": event.type, "timestamp": moment(event.created_at), "data": event.data}

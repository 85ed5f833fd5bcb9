"""Telling: an event is written in the transaction of the change that it tells of."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from kgen.api.json import moment
from kgen.clock import database_now
from kgen.transactions import check_in_transaction
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


class NewEvent(NamedTuple):
    """What a client is told: `data` is ids, amounts and states: what JSON has, UUIDs as text."""

    client_id: UUID
    type: str
    data: dict[str, Any]


def emit(client_id: UUID, type: str, data: dict[str, Any]) -> None:
    """Write an event and its deliveries to those endpoints of the client that are on and want it. Within a journey.

    Nothing is written where nobody listens.
    """
    emit_all([NewEvent(client_id, type, data)])


def emit_all(news: Sequence[NewEvent]) -> None:
    """The same for many, in their order, by as few statements as for one."""
    check_in_transaction()
    if not news:
        return
    listening: dict[UUID, list[WebhookEndpoint]] = {}
    clients = {piece.client_id for piece in news}
    for endpoint in WebhookEndpoint.objects.filter(client_id__in=clients, removed_at=None, active=True):
        listening.setdefault(endpoint.client_id, []).append(endpoint)
    letters = [(piece, _wanting(listening.get(piece.client_id, []), piece.type)) for piece in news]
    _write([(piece, endpoints) for piece, endpoints in letters if endpoints])


def _wanting(endpoints: Sequence[WebhookEndpoint], type: str) -> list[WebhookEndpoint]:
    return [endpoint for endpoint in endpoints if not endpoint.event_types or type in endpoint.event_types]


def write(client_id: UUID, type: str, data: dict[str, Any], endpoints: list[WebhookEndpoint]) -> list[WebhookDelivery]:
    """An event and its deliveries to these endpoints."""
    return _write([(NewEvent(client_id, type, data), endpoints)])


def _write(letters: Sequence[tuple[NewEvent, Sequence[WebhookEndpoint]]]) -> list[WebhookDelivery]:
    if not letters:
        return []
    now = database_now()
    events = WebhookEvent.objects.bulk_create(
        WebhookEvent(client_id=news.client_id, type=news.type, data=news.data, created_at=now) for news, _ in letters
    )
    return WebhookDelivery.objects.bulk_create(
        WebhookDelivery(endpoint=endpoint, event=event, next_attempt_at=now, give_up_at=now + GIVE_UP_AFTER)
        for event, (_, endpoints) in zip(events, letters, strict=True)
        for endpoint in endpoints
    )


def body_of(event: WebhookEvent) -> dict[str, Any]:
    """What is sent of an event."""
    return {"type": event.type, "timestamp": moment(event.created_at), "data": event.data}

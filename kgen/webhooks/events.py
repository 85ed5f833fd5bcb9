"""Emitting: an event is written in the transaction of the change that it reports."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from kgen.api.json import moment
from kgen.clock import database_now
from kgen.transactions import check_in_transaction
from kgen.webhooks.catalogue import listed_only
from kgen.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookEvent

GIVE_UP_AFTER = timedelta(days=3)


class NewEvent(NamedTuple):
    """An event before it is written. `data` is plain JSON: ids as text, amounts and states."""

    client_id: UUID
    type: str
    data: dict[str, Any]


def emit(client_id: UUID, type: str, data: dict[str, Any]) -> None:
    """Write an event and its deliveries to the client's active endpoints that subscribe to its type.

    Writes nothing if there are none.

    :raises OutsideTransaction: no transaction is open.
    """
    emit_all([NewEvent(client_id, type, data)])


def emit_all(events: Sequence[NewEvent]) -> None:
    """Emit many events in their order, with as many statements as for one.

    :raises OutsideTransaction: no transaction is open.
    """
    check_in_transaction()
    if not events:
        return
    by_client: dict[UUID, list[WebhookEndpoint]] = {}
    clients = {event.client_id for event in events}
    for endpoint in WebhookEndpoint.objects.filter(client_id__in=clients, removed_at=None, active=True):
        by_client.setdefault(endpoint.client_id, []).append(endpoint)
    addressed = [(event, _subscribed(by_client.get(event.client_id, []), event.type)) for event in events]
    _write([(event, endpoints) for event, endpoints in addressed if endpoints])


def _subscribed(endpoints: Sequence[WebhookEndpoint], type: str) -> list[WebhookEndpoint]:
    """The endpoints that list the type, and those that list none if the type is not high-volume."""
    by_default = type not in listed_only()
    return [
        endpoint for endpoint in endpoints if type in endpoint.event_types or (by_default and not endpoint.event_types)
    ]


def write(client_id: UUID, type: str, data: dict[str, Any], endpoints: list[WebhookEndpoint]) -> list[WebhookDelivery]:
    """Write an event and its deliveries to these endpoints."""
    return _write([(NewEvent(client_id, type, data), endpoints)])


def _write(addressed: Sequence[tuple[NewEvent, Sequence[WebhookEndpoint]]]) -> list[WebhookDelivery]:
    if not addressed:
        return []
    now = database_now()
    events = WebhookEvent.objects.bulk_create(
        WebhookEvent(client_id=new.client_id, type=new.type, data=new.data, created_at=now) for new, _ in addressed
    )
    return WebhookDelivery.objects.bulk_create(
        WebhookDelivery(endpoint=endpoint, event=event, next_attempt_at=now, give_up_at=now + GIVE_UP_AFTER)
        for event, (_, endpoints) in zip(events, addressed, strict=True)
        for endpoint in endpoints
    )


def body_of(event: WebhookEvent) -> dict[str, Any]:
    """The body that endpoints get for an event."""
    return {"type": event.type, "timestamp": moment(event.created_at), "data": event.data}

"""Questions about webhooks. Each takes the client."""

from uuid import UUID

from kgen.errors import RecordNotFound
from kgen.webhooks.models import WebhookDelivery, WebhookEndpoint

DELIVERIES_LISTED = 50


def _known(id: UUID | None) -> list[UUID]:
    return [] if id is None else [id]


def endpoints_of_client(client_id: UUID) -> list[WebhookEndpoint]:
    """A client's endpoints, oldest first."""
    return list(WebhookEndpoint.objects.filter(client_id=client_id, removed_at=None).order_by("id"))


def endpoint_of_client(client_id: UUID, endpoint_id: UUID | None) -> WebhookEndpoint:
    """One of a client's endpoints.

    :raises RecordNotFound: it has none of that id.
    """
    found = WebhookEndpoint.objects.filter(client_id=client_id, pk__in=_known(endpoint_id), removed_at=None).first()
    if found is None:
        raise RecordNotFound()
    return found


def newest_deliveries(endpoint: WebhookEndpoint) -> list[WebhookDelivery]:
    """An endpoint's last deliveries."""
    return list(endpoint.deliveries.select_related("event").order_by("-id")[:DELIVERIES_LISTED])


def delivery_of_client(client_id: UUID, delivery_id: UUID | None) -> WebhookDelivery:
    """A delivery to one of a client's live endpoints, locked.

    :raises RecordNotFound: there is none of that id.
    """
    rows = WebhookDelivery.objects.select_for_update(of=("self",)).select_related("event")
    found = rows.filter(pk__in=_known(delivery_id), endpoint__client_id=client_id, endpoint__removed_at=None).first()
    if found is None:
        raise RecordNotFound()
    return found

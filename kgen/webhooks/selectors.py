"""Questions about webhooks. Each takes the client."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from kgen.clock import first_id
from kgen.errors import RecordNotFound
from kgen.webhooks.models import DeliveryState, WebhookDelivery, WebhookEndpoint

DELIVERIES_LISTED = 50
# So many tries take a quarter of an hour.
STRUGGLING_TRIES = 5
# Older failures are history: the list of all has them.
LATELY = timedelta(days=7)
DUTIES_COUNTED = 1000


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


def all_endpoints() -> QuerySet[WebhookEndpoint]:
    """Every endpoint that is not removed: for operators, within their limit."""
    return WebhookEndpoint.objects.filter(removed_at=None)


def of_clients(rows: QuerySet[WebhookDelivery], clients: Collection[UUID]) -> QuerySet[WebhookDelivery]:
    """Those of `rows` that went to these clients' endpoints, which are named: each has an index of its deliveries."""
    known = WebhookEndpoint.objects.filter(client_id__in=clients).values_list("pk", flat=True)
    return rows.filter(endpoint__in=list(known))


def failed_deliveries(endpoint: WebhookEndpoint, most: int) -> list[UUID]:
    """Deliveries to an endpoint that were given up, oldest first."""
    failed = endpoint.deliveries.filter(state=DeliveryState.FAILED)
    return list(failed.order_by("id").values_list("pk", flat=True)[:most])


@dataclass(frozen=True)
class DeliveryDuties:
    """Deliveries that want a person: given up lately, and tried in vain for a while. Each is counted to a bound."""

    failed: int
    struggling: int

    @property
    def are_more(self) -> bool:
        """Whether there may be more than was counted."""
        return DUTIES_COUNTED in (self.failed, self.struggling)


def wanting_a_person(rows: QuerySet[WebhookDelivery], now: datetime) -> QuerySet[WebhookDelivery]:
    """Those of `rows` that `delivery_duties` counts: of live endpoints, by index `deliveries_in_state`."""
    return rows.filter(_given_up(now) | _STRUGGLING, endpoint__removed_at=None)


def delivery_duties(clients: Collection[UUID] | None, now: datetime) -> DeliveryDuties:
    """Of these clients' (None: all) live endpoints."""
    rows = WebhookDelivery.objects.filter(endpoint__removed_at=None)
    if clients is not None:
        rows = rows.filter(endpoint__client_id__in=clients)
    failed, struggling = (rows.filter(which)[:DUTIES_COUNTED].count() for which in (_given_up(now), _STRUGGLING))
    return DeliveryDuties(failed, struggling)


_STRUGGLING = Q(state=DeliveryState.PENDING, tries__gte=STRUGGLING_TRIES)


def _given_up(now: datetime) -> Q:
    return Q(state=DeliveryState.FAILED, pk__gte=first_id(now - LATELY))


def deliveries_by_id(id: UUID) -> QuerySet[WebhookDelivery]:
    """The delivery of that id, with its event and endpoint; also where that was removed."""
    return WebhookDelivery.objects.select_related("event", "endpoint").filter(pk=id)


def deliveries_of_event(id: UUID) -> QuerySet[WebhookDelivery]:
    """The deliveries of one event, with its endpoints."""
    return WebhookDelivery.objects.select_related("event", "endpoint").filter(event=id)


def endpoints_by_id(id: UUID) -> QuerySet[WebhookEndpoint]:
    """The endpoint of that id; also a removed one."""
    return WebhookEndpoint.objects.filter(pk=id)


def newest_deliveries(endpoint: WebhookEndpoint) -> list[WebhookDelivery]:
    """An endpoint's last deliveries."""
    return list(endpoint.deliveries.select_related("event").order_by("-id")[:DELIVERIES_LISTED])


def delivery_of_client(client_id: UUID, delivery_id: UUID | None) -> WebhookDelivery:
    """A delivery to one of a client's live endpoints, locked.

    :raises RecordNotFound: there is none of that id.
    """
    rows = WebhookDelivery.objects.select_for_update(of=("self",)).select_related("event", "endpoint")
    found = rows.filter(pk__in=_known(delivery_id), endpoint__client_id=client_id, endpoint__removed_at=None).first()
    if found is None:
        raise RecordNotFound()
    return found

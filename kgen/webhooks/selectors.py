"""Selectors of webhooks. For studios each is limited to one client."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet

from kgen.clock import first_id
from kgen.errors import RecordNotFound
from kgen.webhooks.models import DISABLED_BY_PRODUCT, DeliveryState, WebhookDelivery, WebhookEndpoint

DELIVERIES_LISTED = 50
# This many tries take a quarter of an hour.
STRUGGLING_TRIES = 5
# Failures older than this are not counted; the list of all deliveries has them.
RECENT = timedelta(days=7)
COUNTED_TO = 1000


def _ids(id: UUID | None) -> list[UUID]:
    return [] if id is None else [id]


def endpoints_of_client(client_id: UUID) -> list[WebhookEndpoint]:
    """A client's endpoints, oldest first."""
    return list(WebhookEndpoint.objects.filter(client_id=client_id, removed_at=None).order_by("id"))


def endpoint_of_client(client_id: UUID, endpoint_id: UUID | None) -> WebhookEndpoint:
    """One of a client's endpoints.

    :raises RecordNotFound: the client has no endpoint with this id.
    """
    return _only_endpoint(WebhookEndpoint.objects.all(), client_id, endpoint_id)


def lock_endpoint_of_client(client_id: UUID, endpoint_id: UUID | None) -> WebhookEndpoint:
    """Lock one of a client's endpoints. Transactions that emit events to it do not wait for this lock.

    Everyone who changes an endpoint and its deliveries locks the endpoint first.

    :raises RecordNotFound: the client has no endpoint with this id.
    """
    return _only_endpoint(WebhookEndpoint.objects.select_for_update(no_key=True), client_id, endpoint_id)


def _only_endpoint(rows: QuerySet[WebhookEndpoint], client_id: UUID, endpoint_id: UUID | None) -> WebhookEndpoint:
    found = rows.filter(client_id=client_id, pk__in=_ids(endpoint_id), removed_at=None).first()
    if found is None:
        raise RecordNotFound()
    return found


def lock_endpoint(endpoint_id: UUID) -> WebhookEndpoint:
    """Lock an endpoint, which may be removed; see `lock_endpoint_of_client`."""
    return WebhookEndpoint.objects.select_for_update(no_key=True).get(pk=endpoint_id)


def all_endpoints() -> QuerySet[WebhookEndpoint]:
    """Every endpoint that is not removed. For operators: callers apply the operator's client limit."""
    return WebhookEndpoint.objects.filter(removed_at=None)


def of_clients(rows: QuerySet[WebhookDelivery], clients: Collection[UUID]) -> QuerySet[WebhookDelivery]:
    """The deliveries in `rows` to these clients' endpoints. Filters by endpoint id, which has an index."""
    ids = WebhookEndpoint.objects.filter(client_id__in=clients).values_list("pk", flat=True)
    return rows.filter(endpoint__in=list(ids))


def failed_deliveries(endpoint: WebhookEndpoint, most: int) -> list[UUID]:
    """The ids of at most `most` failed deliveries to an endpoint, oldest first."""
    failed = endpoint.deliveries.filter(state=DeliveryState.FAILED)
    return list(failed.order_by("id").values_list("pk", flat=True)[:most])


def disabled_by_product(rows: QuerySet[WebhookEndpoint]) -> QuerySet[WebhookEndpoint]:
    """The live endpoints in `rows` that went off by themselves: gone, or failing for five days."""
    return rows.filter(removed_at=None, active=False, disabled_reason__in=DISABLED_BY_PRODUCT)


@dataclass(frozen=True)
class DisabledEndpoints:
    """How many endpoints went off by themselves, and when the first of them did."""

    count: int
    since: datetime | None


def disabled_endpoints(clients: Collection[UUID] | None) -> DisabledEndpoints:
    """Count these clients' (None: all) endpoints that went off by themselves."""
    rows = disabled_by_product(WebhookEndpoint.objects.all())
    if clients is not None:
        rows = rows.filter(client_id__in=clients)
    return DisabledEndpoints(**rows.aggregate(count=Count("pk"), since=Min("disabled_at")))


@dataclass(frozen=True)
class DeliveryDuties:
    """How many deliveries need an operator: recently failed, or pending after many tries. Each count has a bound."""

    failed: int
    struggling: int

    @property
    def are_more(self) -> bool:
        """Whether a count reached the bound, so that there may be more."""
        return COUNTED_TO in (self.failed, self.struggling)


def wanting_a_person(rows: QuerySet[WebhookDelivery], now: datetime) -> QuerySet[WebhookDelivery]:
    """The deliveries in `rows` that `delivery_duties` counts: of live endpoints, by index `deliveries_in_state`."""
    return rows.filter(_recently_failed(now) | _STRUGGLING, endpoint__removed_at=None)


def delivery_duties(clients: Collection[UUID] | None, now: datetime) -> DeliveryDuties:
    """Count the deliveries to these clients' (None: all) live endpoints that need an operator."""
    rows = WebhookDelivery.objects.filter(endpoint__removed_at=None)
    if clients is not None:
        rows = rows.filter(endpoint__client_id__in=clients)
    failed, struggling = (
        rows.filter(condition)[:COUNTED_TO].count() for condition in (_recently_failed(now), _STRUGGLING)
    )
    return DeliveryDuties(failed, struggling)


_STRUGGLING = Q(state=DeliveryState.PENDING, tries__gte=STRUGGLING_TRIES)


def _recently_failed(now: datetime) -> Q:
    return Q(state=DeliveryState.FAILED, pk__gte=first_id(now - RECENT))


def deliveries_by_id(id: UUID) -> QuerySet[WebhookDelivery]:
    """The delivery with this id, with its event and its endpoint, which may be removed."""
    return WebhookDelivery.objects.select_related("event", "endpoint").filter(pk=id)


def deliveries_of_event(id: UUID) -> QuerySet[WebhookDelivery]:
    """The deliveries of one event, with their endpoints."""
    return WebhookDelivery.objects.select_related("event", "endpoint").filter(event=id)


def endpoints_by_id(id: UUID) -> QuerySet[WebhookEndpoint]:
    """The endpoint with this id, which may be removed."""
    return WebhookEndpoint.objects.filter(pk=id)


def newest_deliveries(endpoint: WebhookEndpoint) -> list[WebhookDelivery]:
    """An endpoint's newest deliveries, newest first."""
    return list(endpoint.deliveries.select_related("event").order_by("-id")[:DELIVERIES_LISTED])


def delivery_of_client(client_id: UUID, delivery_id: UUID | None) -> WebhookDelivery:
    """Lock a delivery to one of a client's live endpoints.

    :raises RecordNotFound: there is none with this id.
    """
    rows = WebhookDelivery.objects.select_for_update(of=("self",)).select_related("event", "endpoint")
    found = rows.filter(pk__in=_ids(delivery_id), endpoint__client_id=client_id, endpoint__removed_at=None).first()
    if found is None:
        raise RecordNotFound()
    return found

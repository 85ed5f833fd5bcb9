"""Journeys of webhooks: endpoints, deliveries, replays."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import httpx

from kgen.api.json import encode
from kgen.clock import database_now
from kgen.errors import Invalid
from kgen.transactions import journey
from kgen.webhooks import addresses, signing
from kgen.webhooks.events import GIVE_UP_AFTER, TEST_EVENT, body_of, write
from kgen.webhooks.models import DeliveryState, WebhookDelivery, WebhookEndpoint
from kgen.webhooks.selectors import delivery_of_client, endpoint_of_client

ENDPOINTS_PER_CLIENT = 10
TIMEOUT_SECONDS = 10
# Longer than a call can take: until it is over nobody else delivers the same.
LEASE = timedelta(seconds=60)
OLD_SECRET_SIGNS_FOR = timedelta(days=1)
WAITS_SECONDS = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800)


@dataclass(frozen=True)
class Outcome:
    """What became of one call."""

    status: int | None
    error: str = ""

    @property
    def is_delivered(self) -> bool:
        """Only a 2xx is."""
        return self.status is not None and 200 <= self.status < 300


@journey
def add_endpoint(*, client_id: UUID, url: str, event_types: list[str]) -> WebhookEndpoint:
    """Register an endpoint.

    :raises Invalid: an address that can be none, or too many endpoints.
    """
    if not addresses.is_acceptable(url):
        fault = {"field": "url", "code": "invalid", "detail": "Not a plain https address."}
        raise Invalid("A field is missing or wrong.", errors=[fault])
    live = WebhookEndpoint.objects.filter(client_id=client_id, removed_at=None)
    if live.count() >= ENDPOINTS_PER_CLIENT:
        raise Invalid(f"A client has at most {ENDPOINTS_PER_CLIENT} endpoints.")
    return WebhookEndpoint.objects.create(
        client_id=client_id, url=url, event_types=event_types, created_at=database_now()
    )


@journey
def remove_endpoint(*, client_id: UUID, endpoint_id: UUID | None) -> None:
    """End an endpoint; what was not delivered to it is given up.

    :raises RecordNotFound: the client has none of that id.
    """
    endpoint = endpoint_of_client(client_id, endpoint_id)
    now = database_now()
    WebhookEndpoint.objects.filter(pk=endpoint.pk, removed_at=None).update(removed_at=now)
    endpoint.deliveries.filter(state=DeliveryState.PENDING).update(
        state=DeliveryState.FAILED, last_error="endpoint removed"
    )


@journey
def rotate_secret(*, client_id: UUID, endpoint_id: UUID | None) -> WebhookEndpoint:
    """Give an endpoint a new secret; for a day the old one signs beside it.

    :raises RecordNotFound: the client has none of that id.
    """
    endpoint = endpoint_of_client(client_id, endpoint_id)
    endpoint = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    endpoint.secret_version += 1
    endpoint.rotated_at = database_now()
    endpoint.save(update_fields=["secret_version", "rotated_at"])
    return endpoint


@journey
def send_test(*, client_id: UUID, endpoint_id: UUID | None) -> WebhookDelivery:
    """A test event to one endpoint, delivered like any other.

    :raises RecordNotFound: the client has none of that id.
    """
    endpoint = endpoint_of_client(client_id, endpoint_id)
    return write(client_id, TEST_EVENT, {"endpoint_id": str(endpoint.pk)}, [endpoint])[0]


@journey
def replay(*, client_id: UUID, delivery_id: UUID | None) -> WebhookDelivery:
    """Deliver an event once more, with three days of its own.

    :raises RecordNotFound: the client has no such delivery, or its endpoint is gone.
    """
    delivery = delivery_of_client(client_id, delivery_id)
    now = database_now()
    delivery.state, delivery.tries, delivery.last_error = DeliveryState.PENDING, 0, ""
    delivery.next_attempt_at, delivery.give_up_at = now, now + GIVE_UP_AFTER
    delivery.save(update_fields=["state", "tries", "last_error", "next_attempt_at", "give_up_at"])
    return delivery


def deliver_due(*, most: int = 50) -> int:
    """Duty: bring due events to their endpoints; how many were tried. No transaction is open during a call."""
    claimed = _claim(most=most)
    for delivery in claimed:
        _book(delivery=delivery, outcome=_call(delivery))
    return len(claimed)


@journey
def _claim(*, most: int) -> list[WebhookDelivery]:
    """Take due deliveries by moving their next attempt ahead: the lease, and the retry if this process dies."""
    now = database_now()
    due = WebhookDelivery.objects.filter(state=DeliveryState.PENDING, next_attempt_at__lte=now)
    rows = list(
        due.select_for_update(skip_locked=True, of=("self",))
        .select_related("endpoint", "event")
        .order_by("next_attempt_at")[:most]
    )
    for row in rows:
        row.tries += 1
        row.next_attempt_at = now + LEASE
    WebhookDelivery.objects.bulk_update(rows, ["tries", "next_attempt_at"])
    return rows


def _call(delivery: WebhookDelivery) -> Outcome:
    body = encode(body_of(delivery.event))
    try:
        target = addresses.resolve(delivery.endpoint.url)
        headers = _headers(delivery, body) | {"Host": target.authority}
        with httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False) as http:
            extensions = {"sni_hostname": target.host}
            # Streamed, and the stream left unread: what an endpoint answers beyond its status is its own affair.
            with http.stream("POST", target.url, content=body, headers=headers, extensions=extensions) as response:
                return Outcome(response.status_code)
    except addresses.Unreachable as error:
        return Outcome(None, str(error))
    except httpx.HTTPError as error:
        return Outcome(None, type(error).__name__)


def _headers(delivery: WebhookDelivery, body: bytes) -> dict[str, str]:
    endpoint, now = delivery.endpoint, database_now()
    versions = [endpoint.secret_version]
    if endpoint.rotated_at and now - endpoint.rotated_at < OLD_SECRET_SIGNS_FOR:
        versions.append(endpoint.secret_version - 1)
    message_id, timestamp = f"evt_{delivery.event_id}", int(now.timestamp())
    signatures = [
        signing.sign(signing.secret_of(endpoint.pk, version), message_id=message_id, timestamp=timestamp, body=body)
        for version in versions
    ]
    return {
        "content-type": "application/json",
        "user-agent": "kgen-webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


@journey
def _book(*, delivery: WebhookDelivery, outcome: Outcome) -> None:
    """Keep what became of a call, unless somebody else has taken the delivery since."""
    now = database_now()
    values: dict[str, object] = {"last_status": outcome.status, "last_error": outcome.error[:200]}
    wait = WAITS_SECONDS[min(delivery.tries, len(WAITS_SECONDS)) - 1]
    if outcome.is_delivered:
        values |= {"state": DeliveryState.DELIVERED, "delivered_at": now}
    elif now + timedelta(seconds=wait) > delivery.give_up_at:
        values |= {"state": DeliveryState.FAILED}
    else:
        values |= {"next_attempt_at": now + timedelta(seconds=wait)}
    mine = WebhookDelivery.objects.filter(pk=delivery.pk, state=DeliveryState.PENDING, tries=delivery.tries)
    mine.update(**values)

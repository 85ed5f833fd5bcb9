"""Services of webhooks: endpoints, deliveries, replays."""

import asyncio
import ssl
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

import httpx

from kgen.api.json import encode
from kgen.clock import database_now
from kgen.duties import call_many
from kgen.errors import Invalid, WrongState
from kgen.states import move_to
from kgen.transactions import transactional
from kgen.webhooks import addresses, signing
from kgen.webhooks.events import GIVE_UP_AFTER, TEST_EVENT, body_of, write
from kgen.webhooks.models import DeliveryState, WebhookDelivery, WebhookEndpoint
from kgen.webhooks.selectors import delivery_of_client, endpoint_of_client

ENDPOINTS_PER_CLIENT = 10
# Limits a whole call, so that an endpoint that answers byte by byte gets no more.
TIMEOUT_SECONDS = 10
AT_ONCE = 32
# Calls to one endpoint: a slow endpoint must not use up all of AT_ONCE.
AT_ONCE_PER_ENDPOINT = 2
# Longer than a call can take: no other worker delivers the same event during the call.
LEASE = timedelta(seconds=60)
OLD_SECRET_SIGNS_FOR = timedelta(days=1)
WAITS_SECONDS = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800)


@dataclass(frozen=True)
class DeliveryOutcome:
    """The outcome of one call: the HTTP status, or None with the error."""

    status: int | None
    error: str = ""

    @property
    def is_delivered(self) -> bool:
        """Whether the endpoint answered with a 2xx."""
        return self.status is not None and 200 <= self.status < 300


@transactional
def add_endpoint(*, client_id: UUID, url: str, event_types: list[str]) -> WebhookEndpoint:
    """Register an endpoint.

    :raises Invalid: the address is not acceptable, or the client has too many endpoints.
    """
    if not addresses.is_acceptable(url):
        fault = {"field": "url", "code": "invalid", "detail": "The address must be a plain https address."}
        raise Invalid("A field is missing or wrong.", errors=[fault])
    live = WebhookEndpoint.objects.filter(client_id=client_id, removed_at=None)
    if live.count() >= ENDPOINTS_PER_CLIENT:
        raise Invalid(f"A client has at most {ENDPOINTS_PER_CLIENT} endpoints.")
    return WebhookEndpoint.objects.create(
        client_id=client_id, url=url, event_types=event_types, created_at=database_now()
    )


@transactional
def remove_endpoint(*, client_id: UUID, endpoint_id: UUID | None) -> None:
    """Remove an endpoint; its pending deliveries fail.

    :raises RecordNotFound: the client has no endpoint with this id.
    """
    endpoint = endpoint_of_client(client_id, endpoint_id)
    now = database_now()
    WebhookEndpoint.objects.filter(pk=endpoint.pk, removed_at=None).update(removed_at=now)
    _fail_pending(endpoint, "endpoint removed")


@transactional
def switch_endpoint(*, client_id: UUID, endpoint_id: UUID | None, active: bool) -> None:
    """Switch an endpoint off or on. Switching off fails its pending deliveries; while it is off it gets no events.

    :raises RecordNotFound: the client has no endpoint with this id.
    :raises WrongState: the endpoint is in that state already.
    """
    endpoint = endpoint_of_client(client_id, endpoint_id)
    move_to(endpoint, where={"active": not active, "removed_at": None}, active=active)
    if not active:
        _fail_pending(endpoint, "endpoint switched off")


def _fail_pending(endpoint: WebhookEndpoint, error: str) -> None:
    endpoint.deliveries.filter(state=DeliveryState.PENDING).update(state=DeliveryState.FAILED, last_error=error)


@transactional
def rotate_secret(*, client_id: UUID, endpoint_id: UUID | None, seen: int | None = None) -> WebhookEndpoint:
    """Give an endpoint a new secret. For a day the old secret signs as well.

    `seen` is the version of the secret on the operator's page: a form sent twice makes one new secret.

    :raises RecordNotFound: the client has no endpoint with this id.
    :raises WrongState: `seen` is no longer the endpoint's version.
    """
    endpoint = endpoint_of_client(client_id, endpoint_id)
    endpoint = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    if seen is not None and seen != endpoint.secret_version:
        raise WrongState("There is a newer secret already, so none was made. Reload the endpoint's page.")
    endpoint.secret_version += 1
    endpoint.rotated_at = database_now()
    endpoint.save(update_fields=["secret_version", "rotated_at"])
    return endpoint


@transactional
def send_test(*, client_id: UUID, endpoint_id: UUID | None) -> WebhookDelivery:
    """Write a test event for one endpoint; it is delivered like any other.

    :raises RecordNotFound: the client has no endpoint with this id.
    :raises WrongState: the endpoint is switched off.
    """
    endpoint = endpoint_of_client(client_id, endpoint_id)
    _check_active(endpoint)
    return write(client_id, TEST_EVENT, {"endpoint_id": str(endpoint.pk)}, [endpoint])[0]


@transactional
def replay(*, client_id: UUID, delivery_id: UUID | None) -> WebhookDelivery:
    """Make a delivery due again, for another three days.

    :raises RecordNotFound: the client has no delivery with this id, or its endpoint is removed.
    :raises WrongState: its endpoint is switched off.
    """
    delivery = delivery_of_client(client_id, delivery_id)
    _check_active(delivery.endpoint)
    now = database_now()
    delivery.state, delivery.tries, delivery.last_error = DeliveryState.PENDING, 0, ""
    delivery.next_attempt_at, delivery.give_up_at = now, now + GIVE_UP_AFTER
    delivery.save(update_fields=["state", "tries", "last_error", "next_attempt_at", "give_up_at"])
    return delivery


def _check_active(endpoint: WebhookEndpoint) -> None:
    if not endpoint.active:
        raise WrongState("This endpoint is switched off.")


@dataclass(frozen=True)
class DeliveryCall:
    """A claimed delivery as an HTTP call, signed for this moment."""

    delivery: WebhookDelivery
    url: str
    body: bytes
    headers: dict[str, str]


@dataclass
class _DeliveryRun:
    """One run of the duty: which endpoints it may still call."""

    under_way: Counter[UUID] = field(default_factory=Counter)
    # Endpoints that gave no answer in this run; the run does not call them again.
    unresponsive: set[UUID] = field(default_factory=set)

    def claim(self, most: int) -> Iterator[DeliveryCall]:
        """Claim up to `most` due deliveries, each just before its call."""
        while most and (claimed := _claim(avoid=self._unavailable())):
            most -= 1
            self.under_way[claimed.delivery.endpoint_id] += 1
            yield claimed

    def book(self, call: DeliveryCall, outcome: DeliveryOutcome) -> None:
        """Book the outcome of a call."""
        self.under_way[call.delivery.endpoint_id] -= 1
        if outcome.status is None:
            self.unresponsive.add(call.delivery.endpoint_id)
        _book(delivery=call.delivery, outcome=outcome)

    def _unavailable(self) -> set[UUID]:
        full = {endpoint for endpoint, calls in self.under_way.items() if calls >= AT_ONCE_PER_ENDPOINT}
        return full | self.unresponsive


def deliver_due() -> int:
    """Duty: deliver due events; returns the number of calls. No transaction is open during a call.

    Runs up to AT_ONCE calls in parallel, at most AT_ONCE_PER_ENDPOINT to one endpoint. An endpoint that does not
    answer gets no further call in this run.
    """
    run = _DeliveryRun()
    return call_many(claim=run.claim, call=_call, failed=_failed, book=run.book, at_once=AT_ONCE)


def _failed(call: DeliveryCall, error: str) -> DeliveryOutcome:
    """The outcome of a call that raised an unexpected exception: a failed try."""
    return DeliveryOutcome(None, error)


@transactional
def _claim(*, avoid: set[UUID]) -> DeliveryCall | None:
    """Claim a due delivery by moving its next attempt ahead: that is the lease, and the retry if this process dies."""
    now = database_now()
    due = WebhookDelivery.objects.filter(state=DeliveryState.PENDING, next_attempt_at__lte=now)
    due = due.exclude(endpoint__in=avoid).select_for_update(skip_locked=True, of=("self",))
    row = due.select_related("endpoint", "event").order_by("next_attempt_at", "id").first()
    if row is None:
        return None
    row.tries += 1
    row.next_attempt_at = now + LEASE
    row.save(update_fields=["tries", "next_attempt_at"])
    body = encode(body_of(row.event))
    return DeliveryCall(row, row.endpoint.url, body, _headers(row, body, now))


def _call(call: DeliveryCall) -> DeliveryOutcome:
    """Make one call. Runs in a thread of its own and uses no database."""
    try:
        return asyncio.run(_post(addresses.resolve(call.url), call))
    except addresses.Unreachable as error:
        return DeliveryOutcome(None, str(error))
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        return DeliveryOutcome(None, type(error).__name__)


async def _post(target: addresses.Target, call: DeliveryCall) -> DeliveryOutcome:
    # An event loop per call: asyncio.timeout limits the whole call, from connecting to the last header.
    async with (
        asyncio.timeout(TIMEOUT_SECONDS),
        httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False, verify=_tls()) as http,
        # Streamed and not read: only the status counts, and a large body costs nothing.
        http.stream(
            "POST",
            target.url,
            content=call.body,
            headers=call.headers | {"Host": target.authority},
            extensions={"sni_hostname": target.host},
        ) as response,
    ):
        return DeliveryOutcome(response.status_code)


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


def _headers(delivery: WebhookDelivery, body: bytes, now: datetime) -> dict[str, str]:
    endpoint = delivery.endpoint
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


@transactional
def _book(*, delivery: WebhookDelivery, outcome: DeliveryOutcome) -> None:
    """Book the outcome of a call, unless another worker has claimed the delivery since."""
    now = database_now()
    values: dict[str, object] = {"last_status": outcome.status, "last_error": outcome.error[:200]}
    wait = WAITS_SECONDS[min(delivery.tries, len(WAITS_SECONDS)) - 1]
    if outcome.is_delivered:
        values |= {"state": DeliveryState.DELIVERED, "delivered_at": now}
    elif now + timedelta(seconds=wait) > delivery.give_up_at:
        values |= {"state": DeliveryState.FAILED}
    else:
        values |= {"next_attempt_at": now + timedelta(seconds=wait)}
    claimed = WebhookDelivery.objects.filter(pk=delivery.pk, state=DeliveryState.PENDING, tries=delivery.tries)
    claimed.update(**values)

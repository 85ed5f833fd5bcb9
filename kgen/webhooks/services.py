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
from kgen.transactions import transactional
from kgen.webhooks import addresses, signing, switching
from kgen.webhooks.catalogue import TEST
from kgen.webhooks.events import GIVE_UP_AFTER, body_of, write
from kgen.webhooks.models import (
    DISABLED_BY_PRODUCT,
    DeliveryState,
    DisabledReason,
    WebhookDelivery,
    WebhookEndpoint,
)
from kgen.webhooks.retrying import OVERLOADED, next_wait
from kgen.webhooks.selectors import (
    delivery_of_client,
    endpoint_of_client,
    lock_endpoint,
    lock_endpoint_of_client,
)

ENDPOINTS_PER_CLIENT = 10
# Limits a whole call, so that an endpoint that answers byte by byte gets no more.
TIMEOUT_SECONDS = 10
AT_ONCE = 32
# Calls to one endpoint: a slow endpoint must not use up all of AT_ONCE.
AT_ONCE_PER_ENDPOINT = 2
# Longer than a call can take: no other worker delivers the same event during the call.
LEASE = timedelta(seconds=60)


@dataclass(frozen=True)
class DeliveryOutcome:
    """The outcome of one call: the HTTP status with the Retry-After header, or None with the error."""

    status: int | None
    error: str = ""
    retry_after: str = ""

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
    endpoint = lock_endpoint_of_client(client_id, endpoint_id)
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(removed_at=database_now())
    switching.fail_pending(endpoint, "endpoint removed")


@transactional
def switch_endpoint(*, client_id: UUID, endpoint_id: UUID | None, active: bool) -> None:
    """Switch an endpoint off or on, for an operator.

    Switching off fails its pending deliveries; while it is off it gets no events. Switching on forgets its failures.

    :raises RecordNotFound: the client has no endpoint with this id.
    :raises WrongState: the endpoint is in that state already.
    """
    endpoint = lock_endpoint_of_client(client_id, endpoint_id)
    if active:
        switching.switch_on(endpoint)
    else:
        switching.switch_off(endpoint, DisabledReason.OPERATOR, database_now())


@transactional
def enable_endpoint(*, client_id: UUID, endpoint_id: UUID | None) -> WebhookEndpoint:
    """Switch an endpoint on again, for its studio. Its failures are forgotten.

    :raises RecordNotFound: the client has no endpoint with this id.
    :raises WrongState: the endpoint is on, or an operator has switched it off.
    """
    endpoint = lock_endpoint_of_client(client_id, endpoint_id)
    if not endpoint.active and endpoint.disabled_reason not in DISABLED_BY_PRODUCT:
        raise WrongState("An operator has switched this endpoint off.")
    switching.switch_on(endpoint)
    return endpoint


@transactional
def rotate_secret(
    *, client_id: UUID, endpoint_id: UUID | None, revoke_old: bool = False, seen: int | None = None
) -> WebhookEndpoint:
    """Give an endpoint a new secret. For a day the old ones sign as well, five secrets at most.

    `revoke_old` ends all others at once. `seen` is the version of the secret on the operator's page: a form sent twice
    makes one new secret.

    :raises RecordNotFound: the client has no endpoint with this id.
    :raises WrongState: `seen` is no longer the endpoint's version.
    """
    endpoint = lock_endpoint_of_client(client_id, endpoint_id)
    if seen is not None and seen != endpoint.secret_version:
        raise WrongState("There is a newer secret already, so none was made. Reload the endpoint's page.")
    now = database_now()
    kept = [] if revoke_old else signing.still_signing([now, *endpoint.replacements], now)
    endpoint.secrets_replaced_at = [at.isoformat() for at in kept]
    endpoint.secret_version += 1
    endpoint.rotated_at = now
    endpoint.save(update_fields=["secret_version", "rotated_at", "secrets_replaced_at"])
    return endpoint


@transactional
def send_test(*, client_id: UUID, endpoint_id: UUID | None) -> WebhookDelivery:
    """Write a test event for one endpoint; it is delivered like any other.

    :raises RecordNotFound: the client has no endpoint with this id.
    :raises WrongState: the endpoint is switched off.
    """
    endpoint = endpoint_of_client(client_id, endpoint_id)
    _check_active(endpoint)
    return write(client_id, TEST.name, {"endpoint_id": str(endpoint.pk)}, [endpoint])[0]


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
    # Endpoints that gave no answer in this run, or are overloaded; the run does not call them again.
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
        if outcome.status is None or outcome.status in OVERLOADED:
            self.unresponsive.add(call.delivery.endpoint_id)
        _book(delivery=call.delivery, outcome=outcome)

    def _unavailable(self) -> set[UUID]:
        full = {endpoint for endpoint, calls in self.under_way.items() if calls >= AT_ONCE_PER_ENDPOINT}
        return full | self.unresponsive


def deliver_due() -> int:
    """Duty: deliver due events; returns the number of calls. No transaction is open during a call.

    Runs up to AT_ONCE calls in parallel, at most AT_ONCE_PER_ENDPOINT to one endpoint. An endpoint that does not
    answer, or is overloaded, gets no further call in this run.
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
    row = _first_due(avoid, now)
    while row is not None and not _is_live(row.endpoint):
        # Written while its endpoint was switched off or removed, by a transaction that had seen it on.
        row.state, row.last_error = DeliveryState.FAILED, "endpoint switched off or removed"
        row.save(update_fields=["state", "last_error"])
        row = _first_due(avoid, now)
    if row is None:
        return None
    row.tries += 1
    row.next_attempt_at = now + LEASE
    row.save(update_fields=["tries", "next_attempt_at"])
    body = encode(body_of(row.event))
    return DeliveryCall(row, row.endpoint.url, body, _headers(row, body, now))


def _first_due(avoid: set[UUID], now: datetime) -> WebhookDelivery | None:
    due = WebhookDelivery.objects.filter(state=DeliveryState.PENDING, next_attempt_at__lte=now)
    due = due.exclude(endpoint__in=avoid).select_for_update(skip_locked=True, of=("self",))
    return due.select_related("endpoint", "event").order_by("next_attempt_at", "id").first()


def _is_live(endpoint: WebhookEndpoint) -> bool:
    return endpoint.active and endpoint.removed_at is None


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
        return DeliveryOutcome(response.status_code, retry_after=response.headers.get("retry-after", ""))


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


def _headers(delivery: WebhookDelivery, body: bytes, now: datetime) -> dict[str, str]:
    endpoint = delivery.endpoint
    message_id, timestamp = f"evt_{delivery.event_id}", int(now.timestamp())
    signatures = [
        signing.sign(signing.secret_of(endpoint.pk, version), message_id=message_id, timestamp=timestamp, body=body)
        for version in signing.signing_versions(endpoint.secret_version, endpoint.replacements, now)
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
    """Book the outcome of a call, unless another worker has claimed the delivery since.

    A success also counts if the endpoint was switched off during the call; a failure does not.
    """
    endpoint = lock_endpoint(delivery.endpoint_id)
    now = database_now()
    states = [DeliveryState.PENDING, *([DeliveryState.FAILED] if outcome.is_delivered else [])]
    claimed = WebhookDelivery.objects.filter(
        pk=delivery.pk, state__in=states, tries=delivery.tries, next_attempt_at=delivery.next_attempt_at
    )
    if not claimed.update(**_booked(delivery, outcome, now)):
        return
    if outcome.is_delivered:
        switching.note_success(endpoint)
    else:
        switching.note_failure(endpoint, outcome.status, now)


def _booked(delivery: WebhookDelivery, outcome: DeliveryOutcome, now: datetime) -> dict[str, object]:
    """The delivery's values after a call."""
    values: dict[str, object] = {"last_status": outcome.status, "last_error": outcome.error[:200]}
    if outcome.is_delivered:
        return values | {"state": DeliveryState.DELIVERED, "delivered_at": now}
    next_attempt_at = now + next_wait(
        tries=delivery.tries, status=outcome.status, retry_after=outcome.retry_after, now=now
    )
    if next_attempt_at > delivery.give_up_at:
        return values | {"state": DeliveryState.FAILED}
    return values | {"next_attempt_at": next_attempt_at}

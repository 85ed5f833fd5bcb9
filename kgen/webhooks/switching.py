"""Switches endpoints off and on. An endpoint that is gone, or fails for five days, is switched off by itself.

The callers have locked the endpoint.
"""

from datetime import datetime, timedelta

import structlog

from kgen.api.json import moment
from kgen.states import move_to
from kgen.webhooks.events import emit
from kgen.webhooks.models import DeliveryState, DisabledReason, WebhookEndpoint

log = structlog.get_logger(__name__)

GONE_STATUS = 410
# An endpoint without a success for so long is switched off at its next failure.
FAILING_FOR = timedelta(days=5)


def switch_off(endpoint: WebhookEndpoint, reason: DisabledReason, now: datetime) -> None:
    """Switch an endpoint off; its pending deliveries fail.

    :raises WrongState: it is off already.
    """
    where = {"active": True, "removed_at": None}
    move_to(endpoint, where=where, active=False, disabled_reason=reason, disabled_at=now)
    fail_pending(endpoint, "endpoint switched off")


def switch_on(endpoint: WebhookEndpoint) -> None:
    """Switch an endpoint on. Its five days of failures begin anew.

    :raises WrongState: it is on already.
    """
    where = {"active": False, "removed_at": None}
    move_to(endpoint, where=where, active=True, disabled_reason="", disabled_at=None, failing_since=None)


def fail_pending(endpoint: WebhookEndpoint, error: str) -> None:
    """Give up the endpoint's pending deliveries. A call that is under way may still succeed; that is booked."""
    endpoint.deliveries.filter(state=DeliveryState.PENDING).update(state=DeliveryState.FAILED, last_error=error)


def note_success(endpoint: WebhookEndpoint) -> None:
    """Note a successful call: the endpoint no longer counts as failing.

    An endpoint that is off stays off.
    """
    if endpoint.active and endpoint.failing_since is not None:
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failing_since=None)


def note_failure(endpoint: WebhookEndpoint, status: int | None, now: datetime) -> None:
    """Note a failed call.

    Switches the endpoint off if it is gone or has failed for FAILING_FOR; the client's other active endpoints get
    webhook.disabled then.
    """
    if not endpoint.active or endpoint.removed_at is not None:
        return
    if endpoint.failing_since is None:
        endpoint.failing_since = now
        endpoint.save(update_fields=["failing_since"])
    if status == GONE_STATUS:
        _disable(endpoint, DisabledReason.GONE, now)
    elif now - endpoint.failing_since >= FAILING_FOR:
        _disable(endpoint, DisabledReason.FAILING, now)


def _disable(endpoint: WebhookEndpoint, reason: DisabledReason, now: datetime) -> None:
    switch_off(endpoint, reason, now)
    data = {
        "endpoint_id": str(endpoint.pk),
        "reason": reason.value,
        "failing_since": moment(endpoint.failing_since),
        "disabled_at": moment(now),
    }
    emit(endpoint.client_id, "webhook.disabled", data)  # the endpoint itself is off and gets none
    log.warning("webhook endpoint disabled", client_id=str(endpoint.client_id), **data)

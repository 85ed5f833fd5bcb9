"""A studio's side of webhooks: registering a listener, checking signatures, letting time pass for retries."""

import base64
import hashlib
import hmac
from datetime import timedelta
from typing import Any

from django.db.models import F

from kgen.clock import database_now
from kgen.webhooks.models import WebhookDelivery, WebhookEndpoint
from kgen.webhooks.services import deliver_due
from tests.support.http import StudioCaller
from tests.support.listener import Heard, Listener


def add(studio: StudioCaller, listener: Listener, **fields: Any) -> dict[str, Any]:
    """Register the listener; the endpoint with its secret."""
    made: dict[str, Any] = studio.post("/s2s/webhooks", {"url": listener.url} | fields).ok(201)
    return made


def send(studio: StudioCaller, endpoint: dict[str, Any], times: int = 1) -> None:
    """Send test events to an endpoint."""
    for _ in range(times):
        studio.post(f"/s2s/webhooks/{endpoint['id']}/test").ok()


def signature(heard: Heard, secret: str) -> str:
    """The signature by the specification of Standard Webhooks, by code of the tests' own."""
    message = f"{heard.headers['webhook-id']}.{heard.headers['webhook-timestamp']}.".encode() + heard.body
    mac = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), message, hashlib.sha256).digest()
    return "v1," + base64.b64encode(mac).decode()


def is_signed(heard: Heard, secret: str) -> bool:
    """Whether one of the signatures is by this secret."""
    return signature(heard, secret) in heard.headers["webhook-signature"].split(" ")


def make_due() -> None:
    """Let every waiting retry be due."""
    WebhookDelivery.objects.update(next_attempt_at=F("next_attempt_at") - timedelta(days=1))


def shown(studio: StudioCaller, endpoint: dict[str, Any]) -> dict[str, Any]:
    """The endpoint in the studio's list."""
    found: dict[str, Any] = next(row for row in studio.get("/s2s/webhooks").ok() if row["id"] == endpoint["id"])
    return found


def fail_once(studio: StudioCaller, listener: Listener, endpoint: dict[str, Any], status: int = 500) -> None:
    """Deliver a test event that the endpoint refuses, and what follows from that."""
    listener.answers.append(status)
    send(studio, endpoint)
    assert deliver_due()


def failing_for(wanted: timedelta) -> None:
    """Let what fails have failed for so long."""
    WebhookEndpoint.objects.exclude(failing_since=None).update(failing_since=database_now() - wanted)


def rotate(studio: StudioCaller, endpoint: dict[str, Any], **body: Any) -> str:
    """Rotate the endpoint's secret; the new one."""
    secret: str = studio.post(f"/s2s/webhooks/{endpoint['id']}/rotate", body or None).ok()["secret"]
    return secret

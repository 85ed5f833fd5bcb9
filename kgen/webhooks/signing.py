"""Signatures as in Standard Webhooks: HMAC-SHA256 over id, timestamp and body (standardwebhooks.com)."""

import base64
import hashlib
import hmac
from uuid import UUID

from django.conf import settings

PREFIX = "whsec_"


def secret_of(endpoint_id: UUID, version: int) -> str:
    """An endpoint's secret. It is computed, so that the database holds no signing key."""
    raw = hmac.digest(settings.PEPPER, f"webhook\n{endpoint_id}\n{version}".encode(), hashlib.sha256)
    return PREFIX + base64.b64encode(raw).decode()


def sign(secret: str, *, message_id: str, timestamp: int, body: bytes) -> str:
    """The `v1,…` signature of one message."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()

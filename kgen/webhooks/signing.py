"""Signatures as in Standard Webhooks: HMAC-SHA256 over id, timestamp and body (standardwebhooks.com)."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

PREFIX = "whsec_"
OLD_SECRET_SIGNS_FOR = timedelta(days=1)
MOST_SIGNATURES = 5


def secret_of(endpoint_id: UUID, version: int) -> str:
    """An endpoint's secret. It is computed, so that the database holds no signing key."""
    raw = hmac.digest(settings.PEPPER, f"webhook\n{endpoint_id}\n{version}".encode(), hashlib.sha256)
    return PREFIX + base64.b64encode(raw).decode()


def still_signing(replaced_at: Sequence[datetime], now: datetime) -> list[datetime]:
    """Of the times at which an endpoint's secrets were replaced, newest first, those of secrets that still sign."""
    return [at for at in replaced_at if now - at < OLD_SECRET_SIGNS_FOR][: MOST_SIGNATURES - 1]


def signing_versions(version: int, replaced_at: Sequence[datetime], now: datetime) -> list[int]:
    """The versions of the secrets that sign now, newest first: the present one and those replaced within a day."""
    return [version - age for age in range(1 + len(still_signing(replaced_at, now)))]


def sign(secret: str, *, message_id: str, timestamp: int, body: bytes) -> str:
    """The `v1,…` signature of one message."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()

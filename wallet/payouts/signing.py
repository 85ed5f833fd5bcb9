"""Standard Webhooks signatures with the secret that the gateway and this installation share."""

import hmac
from collections.abc import Mapping
from datetime import datetime

from kgen.webhooks.signing import sign
from wallet.payouts.rail import InvalidSignature

TOLERANCE_SECONDS = 5 * 60


def signed_headers(secret: str, message_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """Return the three headers that prove a body's origin and time."""
    timestamp = int(now.timestamp())
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secret, message_id=message_id, timestamp=timestamp, body=body),
    }


def check_signed(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Check a body's signature and time.

    :raises InvalidSignature: no given signature matches, or the time is off by more than 5 minutes.
    """
    message_id, text = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (message_id and text.isascii() and text.isdigit() and len(text) <= 12):
        raise InvalidSignature()
    timestamp = int(text)
    if abs(now.timestamp() - timestamp) > TOLERANCE_SECONDS:
        raise InvalidSignature()
    expected = sign(secret, message_id=message_id, timestamp=timestamp, body=body).encode()
    # A sender that rotates its secret gives several signatures.
    given = headers.get("webhook-signature", "").split(" ")
    if not any(hmac.compare_digest(expected, signature.encode()) for signature in given):
        raise InvalidSignature()

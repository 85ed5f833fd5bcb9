"""The rules of codes by SMS on plain values: how they are made, how often they are sent, when sending stops.

A code is computed from a random nonce with a secret key, so that a message that waits to be sent need not hold it;
to compare, its keyed digest is enough.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

CODE_LIFE = timedelta(minutes=5)
TRIES_A_CODE = 5
FAILURES_IN_A_ROW = 10
LOCK = timedelta(days=1)
MESSAGES_A_WINDOW = 5
WINDOW = timedelta(minutes=10)
# After the first, second, … message that nobody has answered.
WAITS = tuple(timedelta(seconds=seconds) for seconds in (30, 60, 120, 240))
NUMBERS_A_DAY = 5
NONCE_BYTES = 32


def new_auth_code() -> str:
    """Four digits that name a challenge to the gamer's client; no secret. The first is never 0."""
    return str(1000 + secrets.randbelow(9000))


def new_nonce() -> bytes:
    """What a code is computed from."""
    return secrets.token_bytes(NONCE_BYTES)


def code_of(nonce: bytes, *, challenge_id: UUID, key: bytes) -> str:
    """The six digits behind a nonce; the first is never 0. Evenly spread, and not to be found without the key."""
    number = int.from_bytes(hmac.digest(key, b"otp code\n" + challenge_id.bytes + nonce, hashlib.sha256))
    return str(100_000 + number % 900_000)


def digest_of(code: str, *, challenge_id: UUID, key: bytes) -> bytes:
    """What is stored of a code: six digits can be tried out, so without the key it says nothing."""
    return hmac.digest(key, b"otp digest\n" + challenge_id.bytes + code.encode("utf-8", "replace"), hashlib.sha256)


def is_code(code: str, digest: bytes, *, challenge_id: UUID, key: bytes) -> bool:
    """Whether this is the code behind the digest; takes as long for any code."""
    return hmac.compare_digest(digest_of(code, challenge_id=challenge_id, key=key), digest)


def next_message_at(sent: Sequence[datetime], answered_at: datetime | None, *, now: datetime) -> datetime:
    """When a number may get its next message; in the past if it may now.

    At most five in ten minutes, and growing waits after those since a code of that number was last used.
    """
    recent = sorted(moment for moment in sent if moment > now - WINDOW)
    allowed = now
    if len(recent) >= MESSAGES_A_WINDOW:
        allowed = recent[-MESSAGES_A_WINDOW] + WINDOW
    unanswered = [moment for moment in recent if answered_at is None or moment > answered_at]
    if unanswered:
        allowed = max(allowed, unanswered[-1] + WAITS[min(len(unanswered), len(WAITS)) - 1])
    return allowed


def range_of(phone: str, *, tail: int) -> str:
    """The block of numbers that a number lies in: all of it but the last digits."""
    return phone[:-tail]


def looks_pumped(*, messages: int, used: int, burst: int, percent: int) -> bool:
    """Whether a range got a burst of messages of which hardly any led to a link."""
    return messages >= burst and used * 100 < messages * percent


def seconds_until(moment: datetime, *, now: datetime) -> int:
    """Whole seconds, rounded up and at least one, as Retry-After says them."""
    return max(1, -int((now - moment).total_seconds() // 1))

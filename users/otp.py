"""Pure rules of phone codes: how they are made, how often they are sent, and when sending stops.

A code is computed from a random nonce with a secret key, so that a waiting message need not store it. A keyed digest is
enough for comparing.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

CODE_DIGITS = 6
CODE_LIFE = timedelta(minutes=5)
TRIES_A_CODE = 5
FAILURES_IN_A_ROW = 10
LOCK = timedelta(days=1)
MESSAGES_A_WINDOW = 5
WINDOW = timedelta(minutes=10)
# The waits after the first, second, … message without an answer.
WAITS = tuple(timedelta(seconds=seconds) for seconds in (30, 60, 120, 240))
NUMBERS_A_DAY = 5
NONCE_BYTES = 32


def can_be_code(text: str) -> bool:
    """Whether `text` has the form of a code."""
    return len(text) == CODE_DIGITS and text.isascii() and text.isdigit()


def new_auth_code() -> str:
    """Four digits that identify a challenge to the gamer's client. Not secret. The first is never 0."""
    return str(1000 + secrets.randbelow(9000))


def new_nonce() -> bytes:
    """A new nonce, from which a code is computed."""
    return secrets.token_bytes(NONCE_BYTES)


def code_of(nonce: bytes, *, challenge_id: UUID, key: bytes) -> str:
    """The six digits of a nonce, uniformly distributed, the first never 0. They need the key."""
    number = int.from_bytes(hmac.digest(key, b"otp code\n" + challenge_id.bytes + nonce, hashlib.sha256))
    return str(100_000 + number % 900_000)


def digest_of(code: str, *, challenge_id: UUID, key: bytes) -> bytes:
    """The stored digest of a code. It is keyed, because six digits could be tried out."""
    return hmac.digest(key, b"otp digest\n" + challenge_id.bytes + code.encode("utf-8", "replace"), hashlib.sha256)


def is_code(code: str, digest: bytes, *, challenge_id: UUID, key: bytes) -> bool:
    """Whether the digest is this code's, in constant time."""
    return hmac.compare_digest(digest_of(code, challenge_id=challenge_id, key=key), digest)


def next_message_at(sent: Sequence[datetime], answered_at: datetime | None, *, now: datetime) -> datetime:
    """The time from which a number may get its next message; in the past if it may get one now.

    At most five in ten minutes, with growing waits after each message since a code of that number was last used.
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
    """The range of a number: all but its last `tail` digits."""
    return phone[:-tail]


def looks_pumped(*, messages: int, used: int, burst: int, percent: int) -> bool:
    """Whether a range got a burst of messages that led to hardly any links (SMS pumping)."""
    return messages >= burst and used * 100 < messages * percent


def seconds_until(moment: datetime, *, now: datetime) -> int:
    """Whole seconds for Retry-After, rounded up, at least 1."""
    return max(1, -int((now - moment).total_seconds() // 1))

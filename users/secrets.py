"""Client secrets: 256 random bits behind a prefix that scanners recognise.

Of them and of store codes only keyed digests are stored.
"""

import base64
import hashlib
import hmac
import secrets

from django.conf import settings

PREFIX = "kgs_"
HINT_LENGTH = 10


def new_secret() -> str:
    """A new secret, to be shown once."""
    return PREFIX + base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")


def digest(secret: str) -> bytes:
    """The keyed digest of a secret, which is stored in its place."""
    return hmac.digest(settings.PEPPER, b"client secret\n" + secret.encode("utf-8", "replace"), hashlib.sha256)


def store_code_digest(code: str) -> bytes:
    """The keyed digest of a store code, which is stored in its place."""
    return hmac.digest(settings.PEPPER, b"store code\n" + code.encode("utf-8", "replace"), hashlib.sha256)


def matches(secret: str, digests: list[bytes]) -> bool:
    """Whether one of the digests is `secret`'s. Takes the same time for an empty list."""
    mine = digest(secret)
    found = [hmac.compare_digest(mine, bytes(theirs)) for theirs in digests or [b""]]
    return any(found)

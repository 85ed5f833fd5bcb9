"""Addresses of KGeN stores: which a client may have, and how a code is added to one."""

import base64
import secrets
from urllib.parse import parse_qsl, urlsplit

from kgen.hosts import can_be_looked_up

LONGEST_ADDRESS = 2000
# 128 bits.
CODE_BYTES = 16
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def is_store_url(url: str) -> bool:
    """Whether a client may have this store: an https address without user name, fragment and `code`.

    Plain http is for loopback hosts only, for trials.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    is_plain = url.isascii() and url.isprintable() and " " not in url and "@" not in parts.netloc and "#" not in url
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    has_code = any(name == "code" for name, _ in parse_qsl(parts.query, keep_blank_values=True))
    return (
        len(url) <= LONGEST_ADDRESS and is_plain and is_safe and can_be_looked_up(host) and port != 0 and not has_code
    )


def new_code() -> str:
    """A new code of 128 random bits, in characters that a query needs not escape."""
    return base64.urlsafe_b64encode(secrets.token_bytes(CODE_BYTES)).decode().rstrip("=")


def with_code(store_url: str, code: str) -> str:
    """The store's address with `code` behind its own query."""
    parts = urlsplit(store_url)
    query = f"{parts.query}&code={code}" if parts.query else f"code={code}"
    return parts._replace(query=query).geturl()

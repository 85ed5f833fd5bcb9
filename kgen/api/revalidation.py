"""Conditional answers for polling: 304 without a body if the caller has the newest one (RFC 9110, 13.1.2)."""

import hashlib


class Beginning:
    """A prefix that many bodies share, with its part of their tags' digest computed once."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self._digest = hashlib.blake2b(body, digest_size=9)

    def tag(self, rest: bytes) -> str:
        """The ETag of this prefix followed by `rest`: equal to the tag of the whole body."""
        digest = self._digest.copy()
        digest.update(rest)
        return f'"{digest.hexdigest()}"'


NOTHING = Beginning(b"")


def revalidated(rest: bytes, offered: str | None, *, after: Beginning = NOTHING) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers of the answer whose body is `after` followed by `rest`.

    304 without a body if `offered`, the caller's If-None-Match, has its tag.
    """
    tag = after.tag(rest)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    known = [part.strip().removeprefix("W/") for part in offered.split(",")] if offered else []
    if tag in known or "*" in known:
        return 304, b"", headers
    return 200, after.body + rest, headers

"""Answers that are polled: whoever has the newest is told so without its bytes (RFC 9110, 13.1.2)."""

import hashlib


class Beginning:
    """What many answers begin with, and what of their tags follows from it already."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self._digest = hashlib.blake2b(body, digest_size=9)

    def tag(self, rest: bytes) -> str:
        """The tag of an answer that goes on with `rest`: the same as if it were read in one piece."""
        digest = self._digest.copy()
        digest.update(rest)
        return f'"{digest.hexdigest()}"'


NOTHING = Beginning(b"")


def revalidated(rest: bytes, offered: str | None, *, after: Beginning = NOTHING) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers of an answer, which is `rest` after a beginning if it has one.

    Its caller may have it already, as `If-None-Match` says.
    """
    tag = after.tag(rest)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    known = [part.strip().removeprefix("W/") for part in offered.split(",")] if offered else []
    if tag in known or "*" in known:
        return 304, b"", headers
    return 200, after.body + rest, headers

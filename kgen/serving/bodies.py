"""Reading a request's body before anything is done with the request: a slow one costs no thread."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from kgen.errors import Unavailable

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

# The largest body of any call (bulk scores).
BODY_LIMIT = 1024 * 1024
# Of all bodies that are on their way into this process: nobody's credentials are known yet.
MEMORY_LIMIT = 128 * BODY_LIMIT


class ClientDisconnected(Exception):
    """The caller has closed the connection; nobody waits for an answer."""


class BodyReader:
    """Reads bodies, and bounds the memory for those that come slowly. The connection bounds their time."""

    def __init__(self) -> None:
        self._held = 0

    async def read(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        """The body, up to one byte more than the largest that any call takes.

        Of one that says itself that it is larger nothing is read.

        :raises Unavailable: too much is on its way already.
        :raises Gone: the caller went away.
        """
        length = int(headers.get(b"content-length", b"0"))
        if length > BODY_LIMIT or (length == 0 and b"transfer-encoding" not in headers):
            return b""
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        if not message["more_body"]:
            return bytes(message["body"])
        return await self._read_on(message, receive)

    async def _read_on(self, message: MutableMapping[str, Any], receive: Receive) -> bytes:
        body = bytearray()
        try:
            while True:
                body += message["body"]
                self._held += len(message["body"])
                if not message["more_body"] or len(body) > BODY_LIMIT:
                    return bytes(body[: BODY_LIMIT + 1])
                if self._held > MEMORY_LIMIT:
                    raise Unavailable
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnected
        finally:
            self._held -= len(body)

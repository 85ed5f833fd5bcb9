"""The ASGI application: it reads the body of a request for the ordinary path, before a thread is taken for it."""

from kgen.api.cors import answer_headers, sharing_of
from kgen.api.request_id import choose_request_id
from kgen.errors import Unavailable
from kgen.fast_path.action_lane import refusal
from kgen.fast_path.routes import RouteTable
from kgen.serving.responses import security_headers
from kgen.serving.wsgi_threads import Message, Receive, Send, WsgiThreads

# The largest body of any call (bulk scores).
BODY_LIMIT = 1024 * 1024
# For all incomplete bodies of this process together: their callers are not authenticated yet.
MEMORY_LIMIT = 128 * BODY_LIMIT


class Application:
    """Serves requests by the ordinary path. The protocol looks into `routes` first for those of the fast path."""

    def __init__(self, ordinary: WsgiThreads) -> None:
        self.ordinary = ordinary
        self.routes = RouteTable()
        self._buffered = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Read the body and serve the request."""
        try:
            body = await self._read_body(dict(scope["headers"]), receive)
        except Unavailable as error:
            await _refuse(error, scope, send)
            return
        if body is not None:
            await self.ordinary(scope, body, send, counted=None)

    async def _read_body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes | None:
        """The body, cut at one byte more than the largest; None if the caller has gone.

        Nothing is read of a body whose Content-Length is larger than that. The protocol bounds the time.

        :raises Unavailable: too much is buffered for other requests.
        """
        length = int(headers.get(b"content-length", b"0"))
        if length > BODY_LIMIT or (length == 0 and b"transfer-encoding" not in headers):
            return b""
        body = bytearray()
        try:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                body += message["body"]
                self._buffered += len(message["body"])
                if not message["more_body"] or len(body) > BODY_LIMIT:
                    return bytes(body[: BODY_LIMIT + 1])
                if self._buffered > MEMORY_LIMIT:
                    raise Unavailable
        finally:
            self._buffered -= len(body)


async def _refuse(error: Unavailable, scope: Message, send: Send) -> None:
    request_id = choose_request_id(None)
    response = refusal(error, request_id)
    length = str(len(response.body))
    origin = dict(scope["headers"]).get(b"origin", b"").decode("latin-1")
    shared = answer_headers(sharing_of(scope["path"].removesuffix("/")), origin, None)
    named = {**response.headers, **security_headers(), **shared, "X-Request-Id": request_id, "Content-Length": length}
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in named.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})

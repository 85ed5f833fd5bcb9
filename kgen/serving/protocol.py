"""uvicorn's HTTP protocol with the fast path, limits on connections and heads, and our refusals.

All that kgen uses of uvicorn beyond its documented Config and Server is in this module; tests/serving/test_uvicorn.py
names each part and fails if a release changes one.
"""

import asyncio
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from kgen.api.request_id import choose_request_id
from kgen.errors import DomainError, Invalid, RequestTimeout, Unavailable
from kgen.fast_path.action_lane import ActionLane, PendingCall
from kgen.fast_path.messages import FastRequest, FastResponse
from kgen.fast_path.routes import FAST_PATH_BODY_LIMIT
from kgen.serving.application import Application
from kgen.serving.responses import refusal_bytes, response_bytes

MAX_CONNECTIONS = 4096
# httptools has no limit: a header without end would fill the memory.
HEAD_LIMIT = 64 * 1024
# Pipelined requests that wait for an earlier one: thousands would fit into one read.
MAX_WAITING = 100
CONTINUE_LINE = b"HTTP/1.1 100 Continue\r\n\r\n"
# From its first byte to the last of its body; the same for the first request of a new connection.
REQUEST_SECONDS = 30.0
# A client that reads nothing of a response for this long is disconnected: it holds memory and a connection.
UNREAD_SECONDS = 60.0


class FastPathProtocol(HttpToolsProtocol):
    """One connection. Its hot calls take the fast path if no other request is open on it; uvicorn serves the rest."""

    app: Application
    cycle: Any

    # The parser is in a head; it is among header fields, of a head or of the trailers of a chunked body.
    _in_head, _in_fields = False, False
    # Bytes: of the head so far; read since the last complete event while among fields.
    _head_size, _unfinished = 0, 0
    # The parser has stopped at a head with `Upgrade`; see _feed.
    _stopped_at_upgrade = False
    # The cycle that uvicorn serves now, or served last.
    _served: Any = None
    _unread: asyncio.TimerHandle | None = None
    # When the incomplete request began; a new connection owes one.
    _incomplete_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._incomplete_since = self.loop.time()
        self.loop.call_later(REQUEST_SECONDS, self._check_time)
        if len(self.connections) > MAX_CONNECTIONS:
            self._refuse(Unavailable())

    def _check_time(self) -> None:
        if self.parser is None:
            return
        if self.transport.is_closing():
            # Closed, but it still holds what the client does not read.
            self.loop.call_later(UNREAD_SECONDS, self.transport.abort)
            return
        left = REQUEST_SECONDS
        if self._incomplete_since is not None:
            left += self._incomplete_since - self.loop.time()
        if left <= 0:
            self._refuse(RequestTimeout())
            left = REQUEST_SECONDS
        self.loop.call_later(left, self._check_time)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.call_later(UNREAD_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()

    def data_received(self, data: bytes) -> None:
        # The parser reports a field only when it is complete.
        self._unfinished = self._unfinished + len(data) if self._in_fields else len(data)
        self._unset_keepalive_if_required()
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self._refuse(Invalid("Malformed HTTP request."))
        if self._in_fields and self._unfinished > 2 * HEAD_LIMIT and not self.transport.is_closing():
            self._refuse(Invalid("The head is too large."))

    def _feed(self, data: bytes) -> None:
        while data:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as stop:
                # The parser stops behind a head with `Upgrade` and takes the rest for another protocol. We upgrade
                # nobody (RFC 9110, 7.8, allows that): the rest begins with the body of this request. So a parser
                # gets a head of our own that says only where this body ends; nothing of that head is kept. It is a
                # new one: with `Connection: close` the stopped one swallows all further data (httptools 0.8).
                data = self._framing() + data[stop.args[0] :]
                self.headers, self._head_size = [], 0
                self.parser = httptools.HttpRequestParser(self)
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)

    def _framing(self) -> bytes:
        """A head with the framing of the request's body, which the parser has checked, and nothing else."""
        if self._values(b"transfer-encoding"):
            return b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        [length] = self._values(b"content-length") or [b"0"]
        return b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % int(length)

    def on_message_begin(self) -> None:
        if self._stopped_at_upgrade:
            return
        super().on_message_begin()
        self._in_head, self._in_fields, self._head_size = True, True, 0
        self._incomplete_since = self.loop.time()

    def on_header(self, name: bytes, value: bytes) -> None:
        # Blanks around a value are no part of it (RFC 9110, 5.5); the parser leaves those at its end.
        super().on_header(name, value.strip(b" \t"))
        self._head_size += len(name) + len(value)
        if self._head_size > HEAD_LIMIT:
            # The parser turns it into an HttpParserError, as any exception below.
            raise ValueError("the head is too large")

    def on_headers_complete(self) -> None:
        if self._stopped_at_upgrade:
            # The head that _framing has made.
            self._stopped_at_upgrade = False
            return
        if self._head_size + len(self.url) > HEAD_LIMIT:
            raise ValueError("the head is too large")
        if len(self.pipeline) >= MAX_WAITING:
            raise ValueError("too many requests wait")
        headers = dict(self.headers)
        self._check_head(headers)
        self._stopped_at_upgrade = self.parser.should_upgrade()
        if self._stopped_at_upgrade and self.parser.get_method() == b"CONNECT":
            raise ValueError("this is no proxy")
        self._in_head = self._in_fields = False
        cycle = self._fast_cycle(headers)
        if cycle is None:
            super().on_headers_complete()
        else:
            self.cycle = cycle

    def _check_head(self, headers: dict[bytes, bytes]) -> None:
        """
        :raises ValueError: its host is ambiguous, or the end of its body (RFC 9112, 3.2 and 6.1).
        """
        if self.parser.get_http_version() != "1.0" and b"host" not in headers:
            raise ValueError("no host")
        is_repeated = len(headers) != len(self.headers)
        if is_repeated and max(len(self._values(name)) for name in (b"host", b"transfer-encoding")) > 1:
            raise ValueError("more than one host or transfer coding")
        # The parser reads chunks whatever the other codings are; we decode none.
        if headers.get(b"transfer-encoding", b"chunked").strip().lower() != b"chunked":
            raise ValueError("a transfer coding other than chunked")

    def _values(self, name: bytes) -> list[bytes]:
        return [value for found, value in self.headers if found == name]

    def _fast_cycle(self, headers: dict[bytes, bytes]) -> "FastCycle | None":
        """The cycle of the request whose head has arrived; None if the ordinary path must serve it."""
        is_free = self.cycle is None or self.cycle.response_complete
        # uvicorn waits with the response for a client that has not read the earlier ones.
        if not is_free or self.flow.write_paused:
            return None
        raw_path, _, query = self.url.partition(b"?")
        if not self.url.isascii() or b"%" in raw_path or b"#" in self.url:
            return None
        method, path = self.parser.get_method().decode("ascii"), raw_path.decode("ascii")
        found = self.app.routes.find(method, path, headers, self.headers)
        if found is None:
            return None
        self.scope["method"], self.scope["path"] = method, path
        self.scope["raw_path"], self.scope["query_string"] = raw_path, query
        self.scope["http_version"] = self.parser.get_http_version()
        if self.expect_100_continue and self.scope["http_version"] != "1.0":
            self.transport.write(CONTINUE_LINE)
        return FastCycle(self, found, headers)

    def on_chunk_header(self) -> None:
        self._in_fields, self._unfinished = True, 0
        # Trailers are read and dropped: the head has been judged without them.
        self.headers = []

    def on_body(self, body: bytes) -> None:
        self._in_fields = False
        super().on_body(body)
        if isinstance(self.cycle, FastCycle) and len(self.cycle.body) > FAST_PATH_BODY_LIMIT:
            # Only a body in chunks can be longer than its head has allowed.
            self._leave_fast_path(self.cycle)

    def on_message_complete(self) -> None:
        if self._stopped_at_upgrade:
            return
        self._incomplete_since, self._in_fields = None, False
        super().on_message_complete()
        if isinstance(self.cycle, FastCycle) and not self.cycle.response_complete:
            self.cycle.start()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._served = cycle
        super()._start_asgi_task(cycle, app)

    def serve_ordinarily(self, fast_cycle: "FastCycle", request: FastRequest) -> None:
        """Serve a request that the fast path gave up, in uvicorn's cycle and by the ordinary path."""

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await self.app.ordinary(scope, request.body, send, counted=request.rate_headers or None)

        cycle = self._ordinary_cycle(fast_cycle)
        cycle.more_body = False
        if self.cycle is fast_cycle:
            # Otherwise a pipelined request has come meanwhile, and waits.
            self.cycle = cycle
        self._start_asgi_task(cycle, app)

    def _leave_fast_path(self, fast_cycle: "FastCycle") -> None:
        """Go on in uvicorn's cycle with a request whose body is still arriving."""
        self.cycle = self._ordinary_cycle(fast_cycle)
        self.cycle.body += fast_cycle.body
        self._start_asgi_task(self.cycle, self.app)

    def _ordinary_cycle(self, fast_cycle: "FastCycle") -> RequestResponseCycle:
        return RequestResponseCycle(
            scope=fast_cycle.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            # As uvicorn has it: an HTTP/1.0 client would have to be told, which its cycle does not do.
            keep_alive=fast_cycle.keep_alive and fast_cycle.scope["http_version"] != "1.0",
            on_response=self.on_response_complete,
        )

    def connection_lost(self, exc: Exception | None) -> None:
        if self._served is not None:
            # uvicorn tells only the newest cycle, which may still wait for this one.
            self._served.disconnected = True
        if self._unread is not None:
            self._unread.cancel()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        # A client that has closed its side after whole requests still gets their responses.
        waits = self.cycle is not None and not self.cycle.response_complete and self._incomplete_since is None
        if waits:
            self.cycle.keep_alive = False
        return waits

    def _refuse(self, error: DomainError) -> None:
        """Close the connection, with a refusal unless it would be a second response or break into another one.

        Earlier requests still get their responses.
        """
        if self._owes_a_response():
            self.transport.write(refusal_bytes(error))
        elif self._in_head and not self.transport.is_closing():
            self.cycle.keep_alive = False
            self.flow.pause_reading()
            return
        self.transport.close()

    def _owes_a_response(self) -> bool:
        if self.cycle is None:
            return True
        if self._in_head:
            return bool(self.cycle.response_complete)
        return not self.cycle.response_started and not self.pipeline


class FastCycle:
    """Takes the place of uvicorn's RequestResponseCycle; HttpToolsProtocol reads these attributes.

    It is made when the head has arrived and started when the body has. No task and no ASGI messages: one call into
    the lane, one write of the response.
    """

    # HttpToolsProtocol sets it; nobody waits for it.
    message_event = asyncio.Event()
    response_started = False
    response_complete = False
    disconnected = False
    more_body = True

    def __init__(
        self, protocol: FastPathProtocol, found: tuple[ActionLane, dict[str, str]], headers: dict[bytes, bytes]
    ) -> None:
        self.protocol, self.scope = protocol, protocol.scope
        self.keep_alive = protocol.parser.should_keep_alive()
        self.lane, self.arguments = found
        self.headers = headers
        self.body = bytearray()

    def start(self) -> None:
        """The body is complete: set the call off."""
        scope = self.scope
        offered = self.headers.get(b"x-request-id")
        request_id = choose_request_id(offered.decode("latin-1") if offered else None)
        path = scope["path"].removesuffix("/")
        self.request = FastRequest(
            scope["method"], path, scope["query_string"], self.headers, bytes(self.body), request_id
        )
        PendingCall(self.lane, self.request, self._done).start(self.arguments)

    def _connection(self) -> bytes:
        """The header line about the connection; HTTP/1.0 keeps it open only if both sides say so (RFC 9112, C.2.2)."""
        if not self.keep_alive:
            return b"connection: close\r\n"
        return b"connection: keep-alive\r\n" if self.scope["http_version"] == "1.0" else b""

    def _done(self, response: FastResponse | None) -> None:
        protocol, transport = self.protocol, self.protocol.transport
        if transport.is_closing():
            self.response_complete = True
        elif response is None:
            protocol.serve_ordinarily(self, self.request)
        else:
            self.response_started = self.response_complete = True
            default_headers = protocol.server_state.default_headers
            transport.write(response_bytes(self.request, response, default_headers, connection=self._connection()))
            if not self.keep_alive:
                transport.close()
            protocol.on_response_complete()

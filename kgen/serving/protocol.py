"""uvicorn's HTTP protocol, with a short way for hot calls, bounds on connections and heads, our words for refusals."""

import asyncio
from http import HTTPStatus
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from kgen.api.problems import PROBLEM, problem_parts
from kgen.api.request_id import choose_request_id
from kgen.errors import DomainError, Invalid, RequestTimeout, Unavailable
from kgen.serving.application import Application
from kgen.serving.fast_cycle import FastCycle

MAX_CONNECTIONS = 4096
# httptools knows no limit: without one, a header that never ends would fill the memory.
HEAD_LIMIT = 64 * 1024
# Of requests on one connection that wait for those before them: thousands would fit into what is read at once.
MAX_WAITING = 100
# A request has to be whole after so long, its body too, and so has a new connection's first one.
REQUEST_SECONDS = 30.0
# Who takes nothing of an answer for so long gets no more of it: it holds memory, and one of the connections.
UNREAD_SECONDS = 60.0


class BoundedProtocol(HttpToolsProtocol):
    """Refuses connections beyond so many, heads that are too large, and requests that never end.

    A hot call on a connection with nothing else to do takes a turn of its own; all others are uvicorn's.
    """

    app: Application
    cycle: Any

    # Fields are those of a head and, after a body in chunks, of its trailers.
    _in_head, _in_fields, _head_size, _unfinished = False, False, 0, 0
    _is_upgrade = False
    # By uvicorn, now or last.
    _served: Any = None
    _unread: asyncio.TimerHandle | None = None
    # Since when a request is coming in; a new connection owes one.
    _coming_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._coming_since = self.loop.time()
        self.loop.call_later(REQUEST_SECONDS, self._check)
        if len(self.connections) > MAX_CONNECTIONS:
            self._refuse(Unavailable())

    def _check(self) -> None:
        if self.parser is None:
            return
        if self.transport.is_closing():
            # Not gone yet: it still holds what nobody takes.
            self.loop.call_later(UNREAD_SECONDS, self.transport.abort)
            return
        left = REQUEST_SECONDS
        if self._coming_since is not None:
            left += self._coming_since - self.loop.time()
        if left <= 0:
            self._refuse(RequestTimeout())
            left = REQUEST_SECONDS
        self.loop.call_later(left, self._check)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.call_later(UNREAD_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._in_fields, self._head_size = True, True, 0
        self._coming_since = self.loop.time()

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._head_size += len(name) + len(value)
        if self._head_size > HEAD_LIMIT:
            # The parser makes of it what it makes of all that is wrong with a request.
            raise ValueError("the head is too large")

    def on_headers_complete(self) -> None:
        if self._head_size + len(self.url) > HEAD_LIMIT:
            raise ValueError("the head is too large")
        if len(self.pipeline) >= MAX_WAITING:
            raise ValueError("too many requests wait")
        headers = dict(self.headers)
        self._check_head(headers)
        self._is_upgrade = self.parser.should_upgrade()
        if self._is_upgrade:
            return
        self._in_head = self._in_fields = False
        turn = self._turn(headers)
        if turn is None:
            super().on_headers_complete()
        else:
            self.cycle = turn

    def _check_head(self, headers: dict[bytes, bytes]) -> None:
        """
        :raises ValueError: it leaves open whom it is for, or where the body ends (RFC 9112, 3.2 and 6.1).
        """
        if self.parser.get_http_version() != "1.0" and b"host" not in headers:
            raise ValueError("no host")
        if len(headers) != len(self.headers) and len(self._all(b"host")) > 1:
            raise ValueError("more than one host")
        # The parser reads chunks whatever else was done to the body; we undo nothing else.
        if b"transfer-encoding" in headers and b",".join(self._all(b"transfer-encoding")).strip().lower() != b"chunked":
            raise ValueError("a body in more than chunks")

    def _all(self, name: bytes) -> list[bytes]:
        return [value for found, value in self.headers if found == name]

    def _turn(self, headers: dict[bytes, bytes]) -> FastCycle | None:
        """The fast cycle of the request whose head is here; None where it has none."""
        is_free = self.cycle is None or self.cycle.response_complete
        # Who does not take the answers that are written already gets no more of them yet: uvicorn waits for that.
        if not is_free or self.flow.write_paused or self.parser.get_http_version() != "1.1":
            return None
        raw_path, _, query = self.url.partition(b"?")
        if not self.url.isascii() or b"%" in raw_path or b"#" in self.url:
            return None
        method, path = self.parser.get_method().decode("ascii"), raw_path.decode("ascii")
        found = self.app.find(method, path, self.headers, headers)
        if found is None:
            return None
        self.scope["method"], self.scope["path"] = method, path
        self.scope["raw_path"], self.scope["query_string"] = raw_path, query
        return FastCycle(self, found, headers)

    def on_chunk_header(self) -> None:
        self._in_fields, self._unfinished = True, 0
        # What stands in trailers came too late to be about the request: it is read, and forgotten.
        self.headers = []

    def on_body(self, body: bytes) -> None:
        self._in_fields = False
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self._is_upgrade:
            return
        self._coming_since, self._in_fields = None, False
        super().on_message_complete()
        if isinstance(self.cycle, FastCycle) and not self.cycle.response_complete:
            self.cycle.begin()

    def start(self, cycle: Any, app: Any) -> None:
        """Let uvicorn serve a request."""
        self._start_asgi_task(cycle, app)

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._served = cycle
        super()._start_asgi_task(cycle, app)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._served is not None:
            # uvicorn tells only the newest, which may still wait for its turn.
            self._served.disconnected = True
        if self._unread is not None:
            self._unread.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        # One header alone is not told of before it is whole.
        self._unfinished = self._unfinished + len(data) if self._in_fields else len(data)
        self._unset_keepalive_if_required()
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self._refuse(Invalid("This is not HTTP as it should be."))
        if self._in_fields and self._unfinished > 2 * HEAD_LIMIT and not self.transport.is_closing():
            self._refuse(Invalid("The head is too large."))

    def _feed(self, data: bytes) -> None:
        while data:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:
                if self.parser.get_method() == b"CONNECT":
                    raise httptools.HttpParserError("this is no proxy") from None
                # The parser takes what follows for another protocol, but nobody is upgraded: without its wish the
                # request is one like any other, with a body or without.
                data = self._head_without_wish() + data[upgrade.args[0] :]

    def _head_without_wish(self) -> bytes:
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b\r\n" % (self.parser.get_method(), self.url, version)]
        lines += [b"%b: %b\r\n" % header for header in self.headers if header[0] != b"upgrade"]
        return b"".join([*lines, b"\r\n"])

    def eof_received(self) -> bool:  # type: ignore[override]
        # Who has said all that they want to say may still wait for the answer.
        waits = self.cycle is not None and not self.cycle.response_complete and self._coming_since is None
        if waits:
            self.cycle.keep_alive = False
        return waits

    def _refuse(self, error: DomainError) -> None:
        """Close, and say why unless that would be a second answer or break into another one.

        What was asked for before still gets its answer.
        """
        if self._owes_an_answer():
            self.transport.write(refusal(error))
        elif self._in_head and not self.transport.is_closing():
            self.cycle.keep_alive = False
            self.flow.pause_reading()
            return
        self.transport.close()

    def _owes_an_answer(self) -> bool:
        if self.cycle is None:
            return True
        if self._in_head:
            return bool(self.cycle.response_complete)
        return not self.cycle.response_started and not self.pipeline


def refusal(error: DomainError) -> bytes:
    """The whole answer, as it goes over the wire, to what never became a request."""
    request_id = choose_request_id(None)
    body, headers = problem_parts(error, request_id)
    headers |= {
        "Content-Type": PROBLEM,
        "Content-Length": str(len(body)),
        "X-Request-Id": request_id,
        "Connection": "close",
    }
    status = f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}"
    lines = [status, *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body

"""uvicorn's HTTP protocol, with a short way for hot calls, bounds on connections and heads, our words for refusals."""

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from kgen.api.problems import PROBLEM, problem_parts
from kgen.api.request_id import choose_request_id
from kgen.errors import DomainError, Invalid, RequestTimeout, Unavailable
from kgen.serving.application import Application
from kgen.serving.turns import Turn

MAX_CONNECTIONS = 4096
# httptools knows no limit: without one, a header that never ends would fill the memory.
HEAD_LIMIT = 64 * 1024
# A request has to be whole after so long, its body too, and so has a new connection's first one.
REQUEST_SECONDS = 30.0


class Bounded(HttpToolsProtocol):
    """Refuses connections beyond so many, heads that are too large, and requests that never end.

    A hot call on a connection with nothing else to do takes a turn of its own; all others are uvicorn's.
    """

    app: Application
    cycle: Any

    _in_head, _head_size, _unfinished = False, 0, 0
    # Since when a request is coming in; a new connection owes one.
    _coming_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._coming_since = self.loop.time()
        self.loop.call_later(REQUEST_SECONDS, self._check)
        if len(self.connections) > MAX_CONNECTIONS:
            self._refuse(Unavailable())

    def _check(self) -> None:
        if self.transport.is_closing():
            return
        left = REQUEST_SECONDS
        if self._coming_since is not None:
            left += self._coming_since - self.loop.time()
        if left <= 0:
            self._refuse(RequestTimeout())
        else:
            self.loop.call_later(left, self._check)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._head_size = True, 0
        self._coming_since = self.loop.time()

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._head_size += len(name) + len(value)
        if self._head_size > HEAD_LIMIT:
            # The parser makes of it what it makes of all that is wrong with a request.
            raise ValueError("the head is too large")

    def on_headers_complete(self) -> None:
        self._in_head = False
        turn = self._turn()
        if turn is None:
            super().on_headers_complete()
        else:
            self.cycle = turn

    def _turn(self) -> Turn | None:
        """The express turn of the request whose head is here; None where it has none."""
        is_free = self.cycle is None or self.cycle.response_complete
        # Who does not take the answers that are written already gets no more of them yet: uvicorn waits for that.
        if not is_free or self.flow.write_paused or self.parser.get_http_version() != "1.1":
            return None
        raw_path, _, query = self.url.partition(b"?")
        if not self.url.isascii() or b"%" in raw_path or b"#" in self.url:
            return None
        method, path, headers = self.parser.get_method().decode("ascii"), raw_path.decode("ascii"), dict(self.headers)
        found = self.app.find(method, path, self.headers, headers)
        if found is None:
            return None
        self.scope["method"], self.scope["path"] = method, path
        self.scope["raw_path"], self.scope["query_string"] = raw_path, query
        return Turn(self, found, headers)

    def on_message_complete(self) -> None:
        self._coming_since = None
        super().on_message_complete()
        if isinstance(self.cycle, Turn) and not self.cycle.response_complete:
            self.cycle.begin()

    def start(self, cycle: Any, app: Any) -> None:
        """Let uvicorn serve a request."""
        self._start_asgi_task(cycle, app)

    def data_received(self, data: bytes) -> None:
        # One header alone is not told of before it is whole.
        self._unfinished = self._unfinished + len(data) if self._in_head else len(data)
        super().data_received(data)
        if self._in_head and self._unfinished > 2 * HEAD_LIMIT and not self.transport.is_closing():
            self._refuse(Invalid("The head is too large."))

    def send_400_response(self, msg: str) -> None:
        self._refuse(Invalid("This is not HTTP as it should be."))

    def _refuse(self, error: DomainError) -> None:
        """Close, and say why unless that would be a second answer or break into another one."""
        if self._owes_an_answer():
            self.transport.write(refusal(error))
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

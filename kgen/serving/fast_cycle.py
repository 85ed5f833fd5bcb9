"""A request on the fast path, from the connection that it came by and back to it, with nothing between."""

import asyncio
from collections.abc import Iterable
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from kgen.api.request_id import choose_request_id
from kgen.fast_path.action_lanes import CallInFlight
from kgen.fast_path.messages import FastRequest, FastResponse
from kgen.fast_path.routes import Route
from kgen.serving.application import security_headers

if TYPE_CHECKING:
    from kgen.serving.protocol import BoundedProtocol

_USUAL = {"Content-Type": "application/json", "Cache-Control": "no-store"}


class _NoEvent:
    """Nobody waits for the message of a turn: the protocol says itself when it is whole."""

    def set(self) -> None:
        """As an event's."""


class FastCycle:
    """Stands where uvicorn's protocol has the cycle of a request and its response, and has what that one looks at.

    Made when the head is here, begun when the body is too. No task, no ASGI: one call into the lane, one write.
    """

    message_event = _NoEvent()
    response_started = False
    response_complete = False
    disconnected = False
    more_body = True

    def __init__(
        self, protocol: "BoundedProtocol", found: tuple[Route, dict[str, str]], headers: dict[bytes, bytes]
    ) -> None:
        self.protocol, self.scope = protocol, protocol.scope
        self.keep_alive = protocol.parser.should_keep_alive()
        self.route, self.arguments = found
        self.headers = headers
        self.body = bytearray()

    def begin(self) -> None:
        """The request is whole."""
        scope = self.scope
        offered = self.headers.get(b"x-request-id")
        request_id = choose_request_id(offered.decode("latin-1") if offered else None)
        path = scope["path"].removesuffix("/")
        self.call = FastRequest(
            scope["method"], path, scope["query_string"], self.headers, bytes(self.body), request_id
        )
        CallInFlight(self.route, self.call, self._done).begin(self.arguments)

    def _done(self, answer: FastResponse | None) -> None:
        protocol = self.protocol
        if protocol.transport.is_closing():
            self.response_complete = True
        elif answer is None:
            self._leave_to_the_ordinary_way()
        else:
            self.response_started = self.response_complete = True
            protocol.transport.write(
                answer_bytes(self.call, answer, protocol.server_state.default_headers, keep_alive=self.keep_alive)
            )
            if not self.keep_alive:
                protocol.transport.close()
            protocol.on_response_complete()

    def _leave_to_the_ordinary_way(self) -> None:
        protocol, call = self.protocol, self.call

        async def judge(scope: Any, receive: Any, send: Any) -> None:
            await protocol.app.ordinary(scope, call.body, send, counted=call.rate_headers or None)

        cycle = RequestResponseCycle(
            scope=self.scope,
            transport=protocol.transport,
            flow=protocol.flow,
            logger=protocol.logger,
            access_logger=protocol.access_logger,
            access_log=protocol.access_log,
            default_headers=protocol.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=self.keep_alive,
            on_response=protocol.on_response_complete,
        )
        cycle.more_body = False
        if protocol.cycle is self:
            protocol.cycle = cycle
        protocol.start(cycle, judge)


def answer_bytes(
    call: FastRequest, answer: FastResponse, default_headers: Iterable[tuple[bytes, bytes]], *, keep_alive: bool
) -> bytes:
    """The whole answer as it goes over the wire."""
    named = {**_USUAL, **call.rate_headers, **answer.headers}
    lines = "".join([f"{name.lower()}: {value}\r\n" for name, value in named.items()])
    return b"".join(
        [
            _status_line(answer.status),
            *[b"%b: %b\r\n" % header for header in default_headers],
            b"content-length: %d\r\nx-request-id: %b\r\n" % (len(answer.body), call.request_id.encode()),
            _security_lines(),
            lines.encode("latin-1"),
            b"\r\n" if keep_alive else b"connection: close\r\n\r\n",
            answer.body,
        ]
    )


@cache
def _status_line(status: int) -> bytes:
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()


@cache
def _security_lines() -> bytes:
    """What the middleware adds on the ordinary path."""
    return "".join([f"{name.lower()}: {value}\r\n" for name, value in security_headers().items()]).encode()

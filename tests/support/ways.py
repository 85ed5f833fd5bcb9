"""The two ways to serve a call: the fast path, which production tries first, and the ordinary path alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from kgen.api.request_id import choose_request_id
from kgen.fast_path.action_lane import PendingCall
from kgen.fast_path.messages import FastRequest, FastResponse
from kgen.fast_path.routes import RouteTable
from kgen.serving.responses import response_bytes


class Way(StrEnum):
    """The path that serves calls."""

    FAST_PATH = "fast path"
    ORDINARY = "ordinary"


class Chosen:
    """The path of this test's calls, for all of its threads."""

    way = Way.FAST_PATH


@dataclass
class Served:
    """A call on the fast path and its response; None if it was left to the ordinary path."""

    call: FastRequest
    answer: FastResponse | None = None

    @property
    def wire(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body, read from the bytes that go over the wire."""
        assert self.answer is not None
        head, _, body = response_bytes(self.call, self.answer, []).partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = [line.split(": ", 1) for line in lines]
        return int(first.split(" ")[1]), {name.title(): value for name, value in pairs}, body


@cache
def _routes() -> RouteTable:
    return RouteTable()


def fast_path(method: str, path: str, headers: dict[str, str], body: bytes) -> Served | None:
    """Serve a call by the fast path, in this thread and its transaction; None if no lane takes it."""
    bare, _, query = path.partition("?")
    if not path.isascii() or "%" in bare:
        return None
    try:
        raw = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]
    except UnicodeEncodeError:
        return None
    raw += [(b"content-length", str(len(body)).encode())] if body else []
    raw += [] if b"host" in dict(raw) else [(b"host", b"testserver")]
    found = _routes().find(method, bare, dict(raw), raw)
    if found is None:
        return None
    lane, arguments = found
    offered = dict(raw).get(b"x-request-id")
    request_id = choose_request_id(offered.decode("latin-1") if offered else None)
    served = Served(FastRequest(method, bare.removesuffix("/"), query.encode(), dict(raw), body, request_id))
    responses: list[FastResponse | None] = []
    PendingCall(lane, served.call, responses.append).start(arguments)
    # The work is done in this thread (BatchLane.inline).
    [served.answer] = responses
    return served


def in_one_batch(method: str, path: str, calls: Sequence[tuple[dict[str, str], bytes]]) -> list[Any]:
    """Serve calls of one action, each with its headers and its body, in one run of its lane.

    Returns what the run gives each: a result, or an exception.
    """
    found = _routes().match(method, path)
    assert found is not None
    lane, arguments = found
    pending = []
    for headers, body in calls:
        named = {name.lower().encode(): value.encode() for name, value in headers.items()}
        call = PendingCall(lane, FastRequest(method, path, b"", named, body, "id"), lambda response: None)
        call.read(arguments)
        pending.append(call)
    return list(lane.run(pending))

"""The two ways of serving a call: the fast path, as production tries it first, and the ordinary one alone."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from kgen.api.request_id import choose_request_id
from kgen.fast_path.action_lanes import CallInFlight
from kgen.fast_path.messages import FastRequest, FastResponse
from kgen.serving.application import Application
from kgen.serving.fast_cycle import answer_bytes


class Way(StrEnum):
    """How calls are served."""

    FAST_PATH = "fast path"
    ORDINARY = "ordinary"


class Chosen:
    """The way that the calls of this test go. Tests of many threads share it."""

    way = Way.FAST_PATH


@dataclass
class Served:
    """What became of a call on the fast path: its answer, or None where it was left to the ordinary path."""

    call: FastRequest
    answer: FastResponse | None = None

    @property
    def wire(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body, read from the bytes that go over the wire."""
        assert self.answer is not None
        head, _, body = answer_bytes(self.call, self.answer, [], keep_alive=True).partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = [line.split(": ", 1) for line in lines]
        return int(first.split(" ")[1]), {name.title(): value for name, value in pairs}, body


@cache
def _application() -> Application:
    async def ordinary(scope: Any, body: bytes, send: Any, *, counted: dict[str, str] | None) -> None:
        raise AssertionError("only what takes the fast path is asked here")

    return Application(ordinary)


def fast_path(method: str, path: str, headers: dict[str, str], body: bytes) -> Served | None:
    """Serve a call the fast path, within this thread and its transaction; None where it has no such way."""
    bare, _, query = path.partition("?")
    if not path.isascii() or "%" in bare:
        return None
    try:
        raw = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]
    except UnicodeEncodeError:
        return None
    raw += [(b"content-length", str(len(body)).encode())] if body else []
    raw += [] if b"host" in dict(raw) else [(b"host", b"testserver")]
    found = _application().find(method, bare, raw, dict(raw))
    if found is None:
        return None
    offered = dict(raw).get(b"x-request-id")
    request_id = choose_request_id(offered.decode("latin-1") if offered else None)
    served = Served(FastRequest(method, bare.removesuffix("/"), query.encode(), dict(raw), body, request_id))
    told: list[FastResponse | None] = []
    CallInFlight(found[0], served.call, told.append).begin(found[1])
    # The work was done in this thread (Together.inline).
    [served.answer] = told
    return served

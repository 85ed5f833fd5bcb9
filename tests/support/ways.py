"""The two ways of serving a call: the express way, as production tries it first, and the ordinary one alone."""

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any
from urllib.parse import unquote

from kgen.serving.application import Application


class Way(StrEnum):
    """How calls are served."""

    EXPRESS = "express"
    ORDINARY = "ordinary"


class Chosen:
    """The way that the calls of this test go. Tests of many threads share it."""

    way = Way.EXPRESS


@dataclass
class Served:
    """What became of a call on the express way; `head` is empty where it was left to the ordinary way."""

    head: dict[str, Any] = field(default_factory=dict)
    body: bytes = b""
    counted: dict[str, str] | None = None

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """ASGI's send."""
        if message["type"] == "http.response.start":
            self.head = dict(message)
        else:
            self.body += message["body"]


class _Left:
    """Stands for the ordinary way, and only notes that a call was left to it."""

    async def __call__(self, scope: Any, body: bytes, send: Any, *, counted: dict[str, str] | None) -> None:
        send.__self__.counted = counted


@cache
def _application() -> Application:
    return Application(_Left())


def express(method: str, path: str, headers: dict[str, str], body: bytes) -> Served | None:
    """Serve a call the express way, within this thread and its transaction; None where it cannot even be asked."""
    bare, _, query = path.partition("?")
    if not bare.isascii() or not query.isascii():
        return None
    try:
        raw = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]
    except UnicodeEncodeError:
        return None
    scope = {
        "type": "http",
        "method": method,
        "path": unquote(bare),
        "raw_path": bare.encode(),
        "query_string": query.encode(),
        "headers": [
            *([] if "host" in {name.lower() for name in headers} else [(b"host", b"testserver")]),
            *raw,
            *([(b"content-length", str(len(body)).encode())] if body else []),
        ],
    }

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    served = Served()
    _run(_application()(scope, receive, served.send))
    return served


def _run(coroutine: Any) -> None:
    """Run what never waits, without a loop: the work is done in this thread (Together.inline)."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise AssertionError("the express way waited for another thread")

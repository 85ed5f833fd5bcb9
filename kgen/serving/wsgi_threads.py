"""The ordinary path: Django's WSGI application in a fixed pool of threads, each with its own database connection."""

import asyncio
import io
import sys
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote_to_bytes

from kgen.api.throttles import COUNTED

WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class WsgiThreads:
    """Runs a WSGI application for ASGI requests whose bodies have been read."""

    def __init__(self, application: WsgiApplication, *, threads: int) -> None:
        self.application = application
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="ordinary")

    async def __call__(self, scope: Message, body: bytes, send: Send, *, counted: dict[str, str] | None) -> None:
        """Serve one request. `counted` holds its RateLimit headers if the fast path has counted it already."""
        environ = environ_of(scope, body)
        if counted is not None:
            environ[COUNTED] = counted
        loop = asyncio.get_running_loop()
        start, body, streamed = await loop.run_in_executor(self.pool, self._begin, environ)
        await send(start)
        if streamed is not None:
            await self._stream(streamed, send)
        await send({"type": "http.response.body", "body": body})

    async def _stream(self, response: Any, send: Send) -> None:
        # A thread makes each part only after the connection has taken the one before: a client that reads a long
        # response slowly holds neither a thread nor memory.
        loop = asyncio.get_running_loop()
        parts = iter(response)
        try:
            while (part := await loop.run_in_executor(self.pool, next, parts, None)) is not None:
                await send({"type": "http.response.body", "body": part, "more_body": True})
        finally:
            await loop.run_in_executor(self.pool, response.close)

    def _begin(self, environ: dict[str, Any]) -> tuple[Message, bytes, Any]:
        """Head, body and None; for a streamed response its head, an empty body, and the response."""
        head: dict[str, Any] = {"type": "http.response.start"}

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            head["status"] = int(status[:3])
            head["headers"] = [(n.lower().encode("latin-1"), v.encode("latin-1")) for n, v in headers]

        response: Any = self.application(environ, start_response)
        if getattr(response, "streaming", False):
            return head, b"", response
        try:
            body = b"".join(response)
        finally:
            response.close()
        if not response.has_header("Content-Length"):
            # Django refuses some requests before its middleware sets the length; without one it would go in chunks.
            head["headers"].append((b"content-length", str(len(body)).encode()))
        return head, body, None


def environ_of(scope: Message, body: bytes) -> dict[str, Any]:
    """The WSGI environment (PEP 3333) of an ASGI request."""
    server_host, server_port = scope.get("server") or ("", 0)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server_host or "localhost",
        "SERVER_PORT": str(server_port or 0),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": (scope.get("client") or ("",))[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        _add_header(environ, name.decode("latin-1"), value.decode("latin-1"))
    if "HTTP_TRANSFER_ENCODING" in environ:
        # A body in chunks came without a length, and Django reads a body by its length only.
        environ["CONTENT_LENGTH"] = str(len(body))
    return environ


def _add_header(environ: dict[str, Any], name: str, value: str) -> None:
    # An underscore and a hyphen would become the same variable.
    if "_" in name:
        return
    variable = name.upper().replace("-", "_")
    if name not in ("content-type", "content-length"):
        variable = f"HTTP_{variable}"
    if variable in environ:
        value = f"{environ[variable]},{value}" if name != "cookie" else f"{environ[variable]}; {value}"
    environ[variable] = value

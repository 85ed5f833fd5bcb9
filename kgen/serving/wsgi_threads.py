"""The ordinary path: Django's WSGI application, in a fixed pool of threads with a database connection each."""

import asyncio
import io
import sys
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote_to_bytes

from kgen.api.throttles import COUNTED

WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class WsgiThreads:
    """Runs a WSGI application for ASGI requests whose bodies have been read."""

    def __init__(self, application: WsgiApplication, *, threads: int) -> None:
        self.application = application
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="ordinary")

    async def __call__(
        self, scope: MutableMapping[str, Any], body: bytes, send: Send, *, counted: dict[str, str] | None
    ) -> None:
        """Serve one request, as `kgen.serving.application.OrdinaryPath` says."""
        environ = environ_of(scope, body)
        if counted is not None:
            environ[COUNTED] = counted
        loop = asyncio.get_running_loop()
        start, body, streamed = await loop.run_in_executor(self.pool, self._begin, environ)
        await send(start)
        if streamed is not None:
            await self._stream(streamed, send)
        await send({"type": "http.response.body", "body": body})

    async def _stream(self, answer: Any, send: Send) -> None:
        # A thread for each part, once the connection has taken the one before it: a slow reader of a long answer
        # holds neither a thread nor our memory.
        loop = asyncio.get_running_loop()
        parts = iter(answer)
        try:
            while (part := await loop.run_in_executor(self.pool, next, parts, None)) is not None:
                await send({"type": "http.response.body", "body": part, "more_body": True})
        finally:
            await loop.run_in_executor(self.pool, answer.close)

    def _begin(self, environ: dict[str, Any]) -> tuple[MutableMapping[str, Any], bytes, Any]:
        """The head, the whole body and None; or of a streamed answer its head, no body, and the answer itself."""
        head: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            head["status"] = int(status[:3])
            head["headers"] = [(n.lower().encode("latin-1"), v.encode("latin-1")) for n, v in headers]

        answer: Any = self.application(environ, start_response)
        start = {"type": "http.response.start", **head}
        if getattr(answer, "streaming", False):
            return start, b"", answer
        try:
            body = b"".join(answer)
        finally:
            answer.close()
        if not answer.has_header("Content-Length"):
            # What Django refuses before its own middleware has a length too; without one it would go in chunks.
            head["headers"].append((b"content-length", str(len(body)).encode()))
        return start, body, None


def environ_of(scope: MutableMapping[str, Any], body: bytes) -> dict[str, Any]:
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
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        _add_header(environ, name, value)
    if "HTTP_TRANSFER_ENCODING" in environ:
        # Django reads a body only by its length. In chunks it came without one; now it is known.
        environ["CONTENT_LENGTH"] = str(len(body))
    return environ


def _add_header(environ: dict[str, Any], name: str, value: str) -> None:
    # With an underscore it would stand for the same variable as one with a hyphen.
    if "_" in name:
        return
    variable = name.upper().replace("-", "_")
    if name not in ("content-type", "content-length"):
        variable = f"HTTP_{variable}"
    if variable in environ:
        value = f"{environ[variable]},{value}" if name != "cookie" else f"{environ[variable]}; {value}"
    environ[variable] = value

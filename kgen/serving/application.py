"""The ASGI application: hot calls the express way, everything else through Django on a fixed pool of threads."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Protocol

from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.utils.csp import build_policy

from kgen.api.request_id import choose_request_id
from kgen.errors import Unavailable
from kgen.express.calls import Call, Express, NotExpress
from kgen.express.handling import refusal, serve
from kgen.express.routes import Route, Table
from kgen.serving.bodies import Bodies, Gone, Receive

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# Each of these means something that only the ordinary way knows.
UNUSUAL_HEADERS = frozenset({b"idempotency-key", b"content-encoding", b"transfer-encoding", b"expect"})
EXPRESS_BODY_LIMIT = 64 * 1024

_USUAL = {"Content-Type": "application/json", "Cache-Control": "no-store"}


def security_headers() -> dict[str, str]:
    """Those that Django's security, frame and policy middleware add to every answer, by the same settings."""
    return {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
        "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
        "X-Frame-Options": settings.X_FRAME_OPTIONS,
        "Content-Security-Policy": build_policy(settings.SECURE_CSP),
    }


class Ordinary(Protocol):
    """The ordinary way."""

    async def __call__(self, scope: Scope, body: bytes, send: Send, *, counted: dict[str, str] | None) -> None:
        """Serve one request. `counted` are the headers of a rate limit that has counted it already."""


class Application:
    """Serves HTTP requests, each the way it can go."""

    def __init__(self, ordinary: Ordinary) -> None:
        self.ordinary = ordinary
        self.table = Table()
        self.bodies = Bodies()
        # What the middleware adds on the ordinary way.
        self.headers = [(name.lower().encode(), value.encode()) for name, value in security_headers().items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        headers = dict(scope["headers"])
        try:
            body = await self.bodies.read(headers, receive)
        except Gone:
            return
        except Unavailable as error:
            request_id = choose_request_id(None)
            await self._send(send, request_id, refusal(error, request_id))
            return
        counted = None
        if found := self._express(scope, headers, body):
            route, call, arguments = found
            try:
                answer = await serve(route, call, arguments)
            except NotExpress:
                counted = call.rate_headers or None
            else:
                await self._send(send, call.request_id, answer, call.rate_headers)
                return
        await self.ordinary(scope, body, send, counted=counted)

    def _express(
        self, scope: Scope, headers: dict[bytes, bytes], body: bytes
    ) -> tuple[Route, Call, dict[str, str]] | None:
        path: str = scope["path"]
        if len(path) > 1 and path[-1] == "/":
            path = path[:-1]
        found = self.table.find(scope["method"], path)
        if found is None or len(body) > EXPRESS_BODY_LIMIT or b"%" in scope["raw_path"]:
            return None
        # A repeated header has no one meaning.
        if len(headers) != len(scope["headers"]) or not UNUSUAL_HEADERS.isdisjoint(headers):
            return None
        if not _is_ours(headers.get(b"host", b"")):
            return None
        offered = headers.get(b"x-request-id")
        request_id = choose_request_id(offered.decode("latin-1") if offered else None)
        return found[0], Call(scope["method"], path, scope["query_string"], headers, body, request_id), found[1]

    async def _send(
        self, send: Send, request_id: str, answer: Express, rate_headers: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        headers = [
            (b"content-length", str(len(answer.body)).encode()),
            (b"x-request-id", request_id.encode()),
            *self.headers,
        ]
        named = {**_USUAL, **rate_headers, **answer.headers}
        headers += [(name.lower().encode(), value.encode("latin-1")) for name, value in named.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})


@lru_cache(maxsize=1000)
def _is_ours(host: bytes) -> bool:
    """Whether the installation is called by this name."""
    domain, _ = split_domain_port(host.decode("latin-1"))
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)

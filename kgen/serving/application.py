"""The ASGI application: hot calls the fast path, everything else through Django on a fixed pool of threads."""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.utils.csp import build_policy

from kgen.api.problems import problem_parts
from kgen.api.request_id import choose_request_id
from kgen.errors import Unavailable
from kgen.fast_path.routes import Route, RouteTable
from kgen.serving.bodies import BodyReader, ClientDisconnected, Receive

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# Each of these means something that only the ordinary path knows.
UNUSUAL_HEADERS = frozenset({b"idempotency-key", b"content-encoding", b"transfer-encoding", b"expect", b"upgrade"})
# No hot call is as large as this; as many as there may be connections fit into a process' memory.
FAST_PATH_BODY_LIMIT = 16 * 1024


def security_headers() -> dict[str, str]:
    """Those that Django's security, frame and policy middleware add to every answer, by the same settings."""
    return {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
        "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
        "X-Frame-Options": settings.X_FRAME_OPTIONS,
        "Content-Security-Policy": build_policy(settings.SECURE_CSP),
    }


class OrdinaryPath(Protocol):
    """The ordinary path."""

    async def __call__(self, scope: Scope, body: bytes, send: Send, *, counted: dict[str, str] | None) -> None:
        """Serve one request. `counted` are the headers of a rate limit that has counted it already."""


class Application:
    """Serves HTTP requests: as ASGI the ordinary path. The protocol asks it first which take the fast path."""

    def __init__(self, ordinary: OrdinaryPath) -> None:
        self.ordinary = ordinary
        self.table = RouteTable()
        self.bodies = BodyReader()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request the ordinary path."""
        try:
            body = await self.bodies.read(dict(scope["headers"]), receive)
        except ClientDisconnected:
            return
        except Unavailable as error:
            await _refuse(error, send)
            return
        await self.ordinary(scope, body, send, counted=None)

    def find(
        self, method: str, path: str, listed: Sequence[tuple[bytes, bytes]], headers: dict[bytes, bytes]
    ) -> tuple[Route, dict[str, str]] | None:
        """The fast-path route of a request, and what its path says; None where it is for the ordinary path.

        `headers` are those `listed`, by their names in lower case.
        """
        if len(path) > 1 and path[-1] == "/":
            path = path[:-1]
        found = self.table.find(method, path)
        # A repeated header has no one meaning.
        if found is None or len(headers) != len(listed) or not UNUSUAL_HEADERS.isdisjoint(headers):
            return None
        if int(headers.get(b"content-length", b"0")) > FAST_PATH_BODY_LIMIT or not _is_ours(headers.get(b"host", b"")):
            return None
        return found


async def _refuse(error: Unavailable, send: Send) -> None:
    """What is refused before its body is read, and so before Django."""
    request_id = choose_request_id(None)
    body, named = problem_parts(error, request_id)
    headers = {**named, **security_headers(), "X-Request-Id": request_id, "Content-Length": str(len(body))}
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    raw.append((b"content-type", b"application/problem+json"))
    await send({"type": "http.response.start", "status": error.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


@lru_cache(maxsize=1000)
def _is_ours(host: bytes) -> bool:
    """Whether the installation is called by this name."""
    domain, _ = split_domain_port(host.decode("latin-1"))
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)

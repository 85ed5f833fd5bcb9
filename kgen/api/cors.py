"""Cross-origin calls (Fetch, 3.2): which web pages may read an answer. An origin never refuses a call.

An answer names the caller's origin if the caller's own client lists it. Before authentication, and for preflights,
which carry no credentials, the origins of all active clients count.
"""

import threading
import time
from collections.abc import Callable, Collection, Mapping
from enum import Enum
from typing import NamedTuple

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.module_loading import import_string

from kgen.api.origins import is_among

log = structlog.get_logger(__name__)

ORIGINS_FRESH_SECONDS = 5.0
DAY_SECONDS = 24 * 3600
GAMER_PATHS = "/fe/"
# Pages may open sessions with a secret that opens nothing else.
SESSION_PATHS = frozenset({"/s2s/session", "/api/v1/session"})
METHODS = "GET, POST, PATCH, DELETE"
GAMER_HEADERS = (
    "content-type",
    "authorization",
    "user-jwt-token",
    "idempotency-key",
    "if-none-match",
    "last-event-id",
    "x-request-id",
)
CLIENT_HEADERS = ("x-client-id", "x-client-secret", "x-clientid", "x-clientsecret", "clientid", "clientsecret")
EXPOSED = "X-Next-Cursor, Link, Retry-After, ETag, RateLimit, RateLimit-Policy, X-Request-Id, Idempotent-Replayed"
VARY = {"Vary": "Origin"}


class Sharing(Enum):
    """Which pages may call an address."""

    NONE = "none"
    GAMERS = "gamers"
    SESSIONS = "sessions"


def sharing_of(path: str) -> Sharing:
    """The sharing of an address without a slash at its end."""
    if path.startswith(GAMER_PATHS):
        return Sharing.GAMERS
    return Sharing.SESSIONS if path in SESSION_PATHS else Sharing.NONE


class ActiveOrigins(NamedTuple):
    """The origins that active clients list, and those of clients with a live secret for pages among them."""

    gamers: Collection[str] = frozenset()
    sessions: Collection[str] = frozenset()


class KnownOrigins:
    """The origins of all active clients, as the database had them at most `ORIGINS_FRESH_SECONDS` ago.

    While the database is away the last known ones count.
    """

    def __init__(self) -> None:
        self.last, self._read_at = ActiveOrigins(), -ORIGINS_FRESH_SECONDS
        self._lock = threading.Lock()

    def read(self) -> ActiveOrigins:
        """The origins, from the database if they are due. Not for the event loop, which reads `last`."""
        with self._lock:
            if time.monotonic() - self._read_at >= ORIGINS_FRESH_SECONDS:
                try:
                    self.last = import_string(settings.ACTIVE_ORIGINS)()
                except (DatabaseError, InterfaceError) as error:
                    log.warning("origins not read", error=str(error))
                self._read_at = time.monotonic()
            return self.last

    def forget(self) -> None:
        """Read the origins anew next time."""
        self._read_at = -ORIGINS_FRESH_SECONDS


known_origins = KnownOrigins()


def answer_headers(sharing: Sharing, origin: str | None, caller_origins: Collection[str] | None) -> Mapping[str, str]:
    """The headers of an answer. `caller_origins` is None before authentication."""
    if sharing is Sharing.NONE:
        return {}
    if not origin:
        return VARY
    allowed = getattr(known_origins.last, sharing.value) if caller_origins is None else caller_origins
    return VARY | _named(origin) if is_among(origin, allowed) else VARY


def _named(origin: str) -> dict[str, str]:
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": EXPOSED}


def preflight_headers(sharing: Sharing, origin: str, allowed: Collection[str]) -> Mapping[str, str]:
    """The headers of a preflight's answer."""
    if not is_among(origin, allowed):
        return VARY
    names = GAMER_HEADERS + (CLIENT_HEADERS if sharing is Sharing.SESSIONS else ())
    return VARY | {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": METHODS,
        "Access-Control-Allow-Headers": ", ".join(names),
        "Access-Control-Max-Age": str(DAY_SECONDS),
    }


class CorsMiddleware:
    """Adds the headers of cross-origin calls to every answer of the ordinary path, refusals too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        sharing, origin = sharing_of(request.path_info), request.META.get("HTTP_ORIGIN")
        response = self.get_response(request)
        if sharing is Sharing.NONE:
            return response
        if request.method == "OPTIONS" and origin and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in request.META:
            added = preflight_headers(sharing, origin, getattr(known_origins.read(), sharing.value))
        else:
            caller_origins = getattr(request, "caller_origins", None)
            if origin and caller_origins is None:
                known_origins.read()
            added = answer_headers(sharing, origin, caller_origins)
        for name, value in added.items():
            if name != "Vary":
                response[name] = value
        patch_vary_headers(response, ["Origin"])
        return response

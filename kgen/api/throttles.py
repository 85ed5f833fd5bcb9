"""Rate limits kept in Valkey. They protect the service, not money: while Valkey is away they are open."""

import time
from functools import cache

from django.conf import settings
from django.http import HttpRequest
from limits import RateLimitItem, RateLimitItemPerSecond, strategies
from limits.errors import StorageError
from limits.storage import storage_from_string
from redis import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from kgen.errors import TooMany
from kgen.valkey import TIMEOUT_SECONDS, pause


class Limiter:
    """Counts hits in sliding windows shared by all processes."""

    def __init__(self, url: str) -> None:
        url = url.replace("unix://", "redis+unix://", 1) if url.startswith("unix:") else url
        self.storage = storage_from_string(
            url,
            key_prefix=settings.CACHE_PREFIX + ":limit",
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            wrap_exceptions=True,
        )
        self.windows = strategies.SlidingWindowCounterRateLimiter(self.storage)

    def hit(self, item: RateLimitItem, *identifiers: str) -> tuple[bool, int, int]:
        """Count one; (allowed, remaining, seconds until the window has room)."""
        if pause.is_on():
            return True, item.amount, 0
        try:
            allowed = self.windows.hit(item, *identifiers)
            stats = self.windows.get_window_stats(item, *identifiers)
        except (StorageError, RedisError, OSError) as error:
            pause.start(error)
            return True, item.amount, 0
        return allowed, stats.remaining, max(1, round(stats.reset_time - time.time()))


@cache
def limiter() -> Limiter:
    """This process's limiter."""
    return Limiter(settings.REDIS_URL)


class WindowThrottle(BaseThrottle):
    """A DRF throttle of one named window; leaves its numbers on the request for the RateLimit headers."""

    policy = ""

    def item(self) -> RateLimitItem | None:
        """The window, or None when switched off."""
        raise NotImplementedError

    def allow_request(self, request: Request, view: APIView) -> bool:
        """
        :raises TooMany: the window is full.
        """
        item = self.item()
        if item is None:
            return True
        allowed, remaining, reset = limiter().hit(item, self.policy, str(request.user.pk))
        headers = rate_headers(self.policy, item, remaining, reset)
        request._request.rate_headers = headers  # type: ignore[attr-defined]
        if not allowed:
            raise TooMany(retry_after=reset)
        return True


def rate_headers(policy: str, item: RateLimitItem, remaining: int, reset: int) -> dict[str, str]:
    """RateLimit and RateLimit-Policy as in the IETF's draft."""
    return {
        "RateLimit-Policy": f'"{policy}";q={item.amount};w={item.get_expiry()}',
        "RateLimit": f'"{policy}";r={remaining};t={reset}',
    }


class GamerThrottle(WindowThrottle):
    """So many calls a second for a gamer, with a burst: the burst is the window's size, the rate its length."""

    policy = "gamer"

    def item(self) -> RateLimitItem | None:
        rate, burst = settings.RATE_GAMER_PER_SECOND, settings.RATE_GAMER_BURST
        return RateLimitItemPerSecond(max(burst, rate), max(1, round(burst / rate))) if rate else None


class ClientThrottle(WindowThrottle):
    """So many calls a second for a studio's server."""

    policy = "client"

    def item(self) -> RateLimitItem | None:
        rate = settings.RATE_CLIENT_PER_SECOND
        return RateLimitItemPerSecond(rate, 1) if rate else None


def client_address(request: HttpRequest) -> str:
    """The caller's address; behind N trusted proxies the N-th from the right of X-Forwarded-For."""
    if settings.TRUSTED_PROXIES:
        hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
        if len(hops) >= settings.TRUSTED_PROXIES:
            return str(hops[-settings.TRUSTED_PROXIES])
    return request.META.get("REMOTE_ADDR") or "unknown"


def failed_logins() -> RateLimitItem | None:
    """The window of failed S2S logins of one address, or None when switched off."""
    amount = settings.RATE_FAILED_LOGINS_PER_MINUTE
    return RateLimitItemPerSecond(amount, 60) if amount else None

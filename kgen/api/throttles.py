"""Rate limits kept in Valkey. They protect the service, not money: while Valkey is away every call is allowed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from redis import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from kgen.errors import TooMany
from kgen.valkey import key, pause, valkey

MICROSECONDS = 1_000_000
# WSGI environment key of the rate limit headers, for a call that the fast path has counted already.
COUNTED = "kgen.counted"


@dataclass(frozen=True)
class Window:
    """Allows `amount` calls at once, and refills evenly within `seconds`."""

    policy: str
    amount: int
    seconds: int

    @property
    def interval(self) -> int:
        """The microseconds in which the window refills by one call."""
        return self.seconds * MICROSECONDS // self.amount


@dataclass(frozen=True, slots=True)
class RateCheck:
    """A window's answer to one call.

    `remaining` is how many more calls it allows, -1 if it refuses this one. `reset` is the seconds until the window
    is empty, or until it allows this call.
    """

    remaining: int
    reset: int

    @property
    def allowed(self) -> bool:
        """Whether the call is within the limit."""
        return self.remaining >= 0


def hit(window: Window, who: str) -> RateCheck:
    """Count one call of the caller `who`."""
    return hit_many([(window, who)])[0]


def hit_many(calls: Sequence[tuple[Window, str]]) -> list[RateCheck]:
    """Count calls in their order, in one round trip. A refused call does not count against its window."""
    if pause.is_on():
        return _allow_all(calls)
    numbers = [number for window, _ in calls for number in (window.interval, window.amount)]
    try:
        found = _script()(keys=[key("limit", window.policy, who) for window, who in calls], args=numbers)
    except (RedisError, OSError) as error:
        pause.start(error)
        return _allow_all(calls)
    return [RateCheck(found[at], max(1, math.ceil(found[at + 1] / MICROSECONDS))) for at in range(0, len(found), 2)]


def _allow_all(calls: Sequence[tuple[Window, str]]) -> list[RateCheck]:
    return [RateCheck(window.amount, 1) for window, _ in calls]


@cache
def _script() -> Any:
    return valkey().register_script(_HIT)


# The generic cell rate algorithm, by Valkey's clock: a key holds the moment at which its window will be empty. The
# numbers are below 2^53; '%.0f' keeps Lua from writing large ones with an exponent.
_HIT = """
local time, answer = redis.call('TIME'), {}
local now = time[1] * 1000000 + time[2]
for at, key in ipairs(KEYS) do
  local interval, amount = tonumber(ARGV[2 * at - 1]), tonumber(ARGV[2 * at])
  local empty_at = math.max(now, tonumber(redis.call('GET', key) or 0)) + interval
  local room = interval * amount - (empty_at - now)
  if room < 0 then
    answer[#answer + 1] = -1
    answer[#answer + 1] = -room
  else
    redis.call('SET', key, string.format('%.0f', empty_at), 'PX', math.ceil((empty_at - now) / 1000))
    answer[#answer + 1] = math.floor(room / interval)
    answer[#answer + 1] = empty_at - now
  end
end
return answer
"""


def gamer_window() -> Window | None:
    """The limit of a gamer's calls per second, with a burst; None when switched off."""
    rate, burst = settings.RATE_GAMER_PER_SECOND, settings.RATE_GAMER_BURST
    return Window("gamer", max(burst, rate), max(1, round(burst / rate))) if rate else None


def client_window() -> Window | None:
    """The limit of a client's server calls per second; None when switched off."""
    rate = settings.RATE_CLIENT_PER_SECOND
    return Window("client", rate, 1) if rate else None


def failed_logins() -> Window | None:
    """The limit of failed server-to-server logins per address; None when switched off."""
    amount = settings.RATE_FAILED_LOGINS_PER_MINUTE
    return Window("failed-logins", amount, 60) if amount else None


# Each audience's window.
WINDOWS = {"gamer": gamer_window, "studio": client_window}


class WindowThrottle(BaseThrottle):
    """A DRF throttle for an audience's window. Sets `rate_headers` on the request for the RateLimit headers."""

    def __init__(self, audience: str) -> None:
        self.audience = audience

    def allow_request(self, request: Request, view: APIView) -> bool:
        """
        :raises TooMany: the window is full.
        """
        django_request: Any = request._request
        if COUNTED in django_request.META:
            django_request.rate_headers = django_request.META[COUNTED]
        elif (window := WINDOWS[self.audience]()) is not None:
            found = hit(window, str(request.user.pk))
            django_request.rate_headers = rate_headers(window, found)
            if not found.allowed:
                raise TooMany(retry_after=found.reset)
        return True


def rate_headers(window: Window, found: RateCheck) -> dict[str, str]:
    """RateLimit and RateLimit-Policy as in the IETF draft."""
    return {
        "RateLimit-Policy": f'"{window.policy}";q={window.amount};w={window.seconds}',
        "RateLimit": f'"{window.policy}";r={max(0, found.remaining)};t={found.reset}',
    }


def client_address(request: HttpRequest) -> str:
    """The caller's address; behind N trusted proxies it is the N-th from the right in X-Forwarded-For."""
    if settings.TRUSTED_PROXIES:
        hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
        if len(hops) >= settings.TRUSTED_PROXIES:
            return str(hops[-settings.TRUSTED_PROXIES])
    return request.META.get("REMOTE_ADDR") or "unknown"

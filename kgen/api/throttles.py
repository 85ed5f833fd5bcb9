"""Rate limits kept in Valkey. They protect the service, not money: while Valkey is away they are open."""

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
# In the WSGI environment of a call that was counted on the fast path: its headers.
COUNTED = "kgen.counted"


@dataclass(frozen=True)
class Window:
    """`amount` calls at once; the room for them comes back evenly within `seconds`."""

    policy: str
    amount: int
    seconds: int

    @property
    def interval(self) -> int:
        """The microseconds after which there is room for one more."""
        return self.seconds * MICROSECONDS // self.amount


@dataclass(frozen=True, slots=True)
class RateCheck:
    """What a window says to a call: how many more it has room for (-1: it has none for this one), and the seconds
    until it is empty again, or has room for this one."""

    remaining: int
    reset: int

    @property
    def allowed(self) -> bool:
        """Whether the call may go on."""
        return self.remaining >= 0


def hit(window: Window, who: str) -> RateCheck:
    """Count one call of `who`."""
    return hit_many([(window, who)])[0]


def hit_many(calls: Sequence[tuple[Window, str]]) -> list[RateCheck]:
    """Count calls in their order, all in one round trip. A refused one takes no room."""
    if pause.is_on():
        return _open(calls)
    numbers = [number for window, _ in calls for number in (window.interval, window.amount)]
    try:
        found = _script()(keys=[key("limit", window.policy, who) for window, who in calls], args=numbers)
    except (RedisError, OSError) as error:
        pause.start(error)
        return _open(calls)
    return [RateCheck(found[at], max(1, math.ceil(found[at + 1] / MICROSECONDS))) for at in range(0, len(found), 2)]


def _open(calls: Sequence[tuple[Window, str]]) -> list[RateCheck]:
    return [RateCheck(window.amount, 1) for window, _ in calls]


@cache
def _script() -> Any:
    return valkey().register_script(_HIT)


# The generic cell rate algorithm, by Valkey's clock: a key holds the moment at which its window will be empty. The
# numbers stay below 2^53, but Lua writes such large ones with an exponent unless it is told not to.
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
    """So many calls a second of a gamer, with a burst; None when switched off."""
    rate, burst = settings.RATE_GAMER_PER_SECOND, settings.RATE_GAMER_BURST
    return Window("gamer", max(burst, rate), max(1, round(burst / rate))) if rate else None


def client_window() -> Window | None:
    """So many calls a second of a studio's server, or None."""
    rate = settings.RATE_CLIENT_PER_SECOND
    return Window("client", rate, 1) if rate else None


def failed_logins() -> Window | None:
    """Failed S2S logins of one address, or None."""
    amount = settings.RATE_FAILED_LOGINS_PER_MINUTE
    return Window("failed-logins", amount, 60) if amount else None


# By the audience of a view set.
WINDOWS = {"gamer": gamer_window, "studio": client_window}


class WindowThrottle(BaseThrottle):
    """A DRF throttle of an audience's window; leaves its numbers on the request for the RateLimit headers."""

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
    """RateLimit and RateLimit-Policy as in the IETF's draft."""
    return {
        "RateLimit-Policy": f'"{window.policy}";q={window.amount};w={window.seconds}',
        "RateLimit": f'"{window.policy}";r={max(0, found.remaining)};t={found.reset}',
    }


def client_address(request: HttpRequest) -> str:
    """The caller's address; behind N trusted proxies the N-th from the right of X-Forwarded-For."""
    if settings.TRUSTED_PROXIES:
        hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
        if len(hops) >= settings.TRUSTED_PROXIES:
            return str(hops[-settings.TRUSTED_PROXIES])
    return request.META.get("REMOTE_ADDR") or "unknown"

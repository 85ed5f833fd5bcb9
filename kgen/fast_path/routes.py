"""The requests that take the fast path."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.module_loading import autodiscover_modules

from kgen.fast_path.action_lane import ActionLane

# Only the ordinary path knows what this means.
UNUSUAL_HEADERS = frozenset({b"content-encoding"})
# What the fast path or the server reads; others, as those of proxies, may be repeated.
SIGNIFICANT_HEADERS = frozenset(
    {
        b"authorization",
        b"clientid",
        b"clientsecret",
        b"connection",
        b"content-length",
        b"content-type",
        b"expect",
        b"host",
        b"idempotency-key",
        b"if-none-match",
        b"origin",
        b"transfer-encoding",
        b"user-jwt-token",
        b"x-client-id",
        b"x-client-secret",
        b"x-clientid",
        b"x-clientsecret",
        b"x-request-id",
    }
)
# Above the body of any hot call; a process has memory for this much on every connection it may have.
FAST_PATH_BODY_LIMIT = 16 * 1024
CONTINUE = b"100-continue"

_lanes: list[ActionLane] = []


def fast_path(lane: ActionLane) -> None:
    """Let an action take the fast path. Its address and its audience are those of its view set."""
    _lanes.append(lane)


class RouteTable:
    """Finds the lane of a request."""

    def __init__(self) -> None:
        # Each app calls `fast_path` in its module of this name.
        autodiscover_modules("fast_path")
        self.fixed: dict[tuple[str, str], ActionLane] = {}
        self.shaped: list[tuple[str, re.Pattern[str], ActionLane]] = []
        for prefix, pattern in _patterns(get_resolver().url_patterns, ""):
            for method, lane in _lanes_of(pattern):
                route = f"{prefix}{pattern.pattern}"
                assert lane.route in ("", route), "an action on the fast path has one address"
                lane.route = route
                self._add(method.upper(), prefix + _regex(pattern), lane)

    def _add(self, method: str, regex: str, lane: ActionLane) -> None:
        path = "/" + regex.removesuffix(r"\Z").removesuffix("$")
        if "(" in path:
            self.shaped.append((method, re.compile(path), lane))
        else:
            self.fixed[method, path.replace("\\", "")] = lane

    def find(
        self, method: str, path: str, headers: Mapping[bytes, bytes], lines: Sequence[tuple[bytes, bytes]]
    ) -> tuple[ActionLane, dict[str, str]] | None:
        """The lane of a request and the arguments in its path; None if the ordinary path must serve it.

        `headers` are by name in lower case, `lines` are all of them as they came.
        """
        found = self.match(method, path[:-1] if len(path) > 1 and path[-1] == "/" else path)
        if found is None or not UNUSUAL_HEADERS.isdisjoint(headers):
            return None
        if len(headers) != len(lines) and _repeats_significant(lines):
            return None
        if headers.get(b"expect", CONTINUE).lower() != CONTINUE:
            return None
        if int(headers.get(b"content-length", b"0")) > FAST_PATH_BODY_LIMIT:
            return None
        return found if _is_allowed_host(headers.get(b"host", b"")) else None

    def match(self, method: str, path: str) -> tuple[ActionLane, dict[str, str]] | None:
        """The lane of an address and the arguments in its path, or None."""
        fixed = self.fixed.get((method, path))
        if fixed is not None:
            return fixed, {}
        for known, regex, lane in self.shaped:
            if known == method and (match := regex.fullmatch(path)):
                return lane, match.groupdict()
        return None


def _repeats_significant(lines: Sequence[tuple[bytes, bytes]]) -> bool:
    """Whether a header that has to have a single meaning has several values."""
    names = [name for name, _ in lines if name in SIGNIFICANT_HEADERS]
    return len(names) != len(set(names))


@lru_cache(maxsize=1000)
def _is_allowed_host(host: bytes) -> bool:
    domain, _ = split_domain_port(host.decode("latin-1"))
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


def _regex(entry: URLPattern | URLResolver) -> str:
    return str(entry.pattern.regex.pattern).removeprefix("^")


def _patterns(entries: Sequence[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, URLPattern]]:
    for entry in entries:
        if isinstance(entry, URLResolver):
            yield from _patterns(entry.url_patterns, prefix + _regex(entry))
        else:
            yield prefix, entry


def _lanes_of(pattern: URLPattern) -> Iterator[tuple[str, ActionLane]]:
    viewset, actions = (getattr(pattern.callback, name, None) for name in ("cls", "actions"))
    for method, action in (actions or {}).items():
        # DRF adds HEAD on a view's first call; only the ordinary path leaves its body out.
        if method != "head":
            yield from ((method, lane) for lane in _lanes if (lane.viewset, lane.name) == (viewset, action))

"""Which calls take the fast path."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.module_loading import autodiscover_modules

from kgen.api.views import ApiViewSet
from kgen.fast_path.messages import FastResponse


# Equal only to itself: each call asks by it for the service.
@dataclass(frozen=True, eq=False)
class Action:
    """How an action of a view set takes the fast path."""

    viewset: type[ApiViewSet]
    name: str
    prepare: Callable[..., Any]
    work: Callable[[Sequence[tuple[Any, Any]]], Sequence[Any]]
    render: Callable[[Any, Any], FastResponse]
    most: int


_actions: list[Action] = []


def fast_path(
    viewset: type[ApiViewSet],
    action: str,
    *,
    prepare: Callable[..., Any],
    work: Callable[[Sequence[tuple[Any, Any]]], Sequence[Any]],
    render: Callable[[Any, Any], FastResponse],
    most: int = 200,
) -> None:
    """Let an action of `viewset` take the fast path; its address and its audience are the action's own.

    `prepare(call, **path arguments)` reads what is asked for, or raises NotFastPath. `work` is given up to `most`
    pairs (caller, asked) and returns for each a result or an exception (DomainErrors as services raise them, or
    NotFastPath); what it wrote is committed by then. `render(caller, result)` makes the answer.
    """
    _actions.append(Action(viewset, action, prepare, work, render, most))


@dataclass(frozen=True)
class Route:
    """An action at an address, spelled as the logs name it."""

    action: Action
    path: str


class RouteTable:
    """Finds the route of a method and a path."""

    def __init__(self) -> None:
        # Each app names its own in a module of this name.
        autodiscover_modules("fast_path")
        self._fixed: dict[tuple[str, str], Route] = {}
        self._shaped: list[tuple[str, re.Pattern[str], Route]] = []
        for prefix, pattern in _patterns(get_resolver().url_patterns, ""):
            for method, action in _actions_of(pattern):
                route = Route(action, f"{prefix}{pattern.pattern}")
                self._add(method.upper(), prefix + _regex(pattern), route)

    def _add(self, method: str, regex: str, route: Route) -> None:
        path = "/" + regex.removesuffix(r"\Z").removesuffix("$")
        if "(" in path:
            self._shaped.append((method, re.compile(path), route))
        else:
            self._fixed[method, path.replace("\\", "")] = route

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route and what the path says, or None."""
        fixed = self._fixed.get((method, path))
        if fixed is not None:
            return fixed, {}
        for known, regex, route in self._shaped:
            if known == method and (match := regex.fullmatch(path)):
                return route, match.groupdict()
        return None


def _regex(entry: URLPattern | URLResolver) -> str:
    return str(entry.pattern.regex.pattern).removeprefix("^")


def _patterns(entries: Sequence[Any], prefix: str) -> list[tuple[str, URLPattern]]:
    found: list[tuple[str, URLPattern]] = []
    for entry in entries:
        if isinstance(entry, URLResolver):
            found += _patterns(entry.url_patterns, prefix + _regex(entry))
        else:
            found.append((prefix, entry))
    return found


def _actions_of(pattern: URLPattern) -> list[tuple[str, Action]]:
    viewset = getattr(pattern.callback, "cls", None)
    methods = cast(dict[str, str], getattr(pattern.callback, "actions", None) or {})
    # DRF adds HEAD to them with the first call of a view; its answer has no body, which is the ordinary path's to know.
    return [
        (method, action)
        for method, name in methods.items()
        if method != "head"
        for action in _actions
        if action.viewset is viewset and action.name == name
    ]

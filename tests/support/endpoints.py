"""Every endpoint of the API, as the URLconf has them."""

from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from kgen.api.views import ApiViewSet


def endpoints(entries: Any = None) -> set[str]:
    """Every method, view set and action."""
    found: set[str] = set()
    for entry in get_resolver().url_patterns if entries is None else entries:
        if isinstance(entry, URLResolver):
            found |= endpoints(entry.url_patterns)
        elif issubclass(getattr(entry.callback, "cls", object), ApiViewSet):
            found |= {name_of(method, entry.callback.cls, action) for method, action in _actions(entry)}
    return found


def _actions(entry: URLPattern) -> list[tuple[str, str]]:
    """(method, action); HEAD, which DRF adds with the first call, is GET."""
    bound = getattr(entry.callback, "actions", None) or {}
    return [(method, action) for method, action in bound.items() if method != "head"]


def name_of(method: str, viewset: type, action: str) -> str:
    """As the table has it."""
    return f"{method.upper()} {viewset.__name__}.{action}"

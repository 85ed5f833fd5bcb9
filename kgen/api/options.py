"""OPTIONS: the methods of an address, without credentials."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

READ = ("GET", "HEAD")
CONSOLE = ("GET", "HEAD", "POST")


class OptionsMiddleware:
    """Answers OPTIONS on every address that exists with 204 and `Allow`; an unknown address stays a 404."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method != "OPTIONS":
            return self.get_response(request)
        methods = methods_at(request.path_info)
        if methods is None:
            return self.get_response(request)
        return HttpResponse(
            status=204, headers={"Allow": ", ".join([*methods, "OPTIONS"]), "Cache-Control": "no-store"}
        )


def methods_at(path: str) -> list[str] | None:
    """The methods of an address, OPTIONS aside; None if there is no such address."""
    if path.startswith(settings.STATIC_URL):
        return list(READ)
    # The console says nothing about its pages to people who have not logged in.
    if path.startswith(f"/{settings.CONSOLE_PATH}"):
        return list(CONSOLE)
    try:
        return _methods_of(resolve(path).func)
    except Resolver404:
        return None


def _methods_of(view: Any) -> list[str]:
    actions = getattr(view, "actions", None)
    if actions is None:
        return list(READ)
    methods = [method.upper() for method in actions]
    return sorted({*methods, *(["HEAD"] if "GET" in methods else [])})

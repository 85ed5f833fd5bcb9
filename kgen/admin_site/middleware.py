"""The rules of every page of the console: content policy, idle sessions, error pages."""

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse

from kgen.admin_site import failures
from kgen.admin_site.login import BEGAN, SEEN

# The precision of the last request's time: not every page writes the session.
_GRAIN_SECONDS = 30
# Sent by pages that reload themselves, which must not keep an abandoned session alive.
LIVE_HEADER = "X-Console-Live"


class ConsoleMiddleware:
    """The console's own content policy, the ends of its sessions, and its errors as pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not failures.in_console(request):
            return self.get_response(request)
        response = self.get_response(request) if self.goes_on(request) else HttpResponse(status=403)
        response._csp_config = settings.CONSOLE_CSP  # type: ignore[attr-defined]
        # Overrides unfold, which allows frames of the same site on lists and forms.
        response.headers["X-Frame-Options"] = "DENY"
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    def goes_on(self, request: HttpRequest) -> bool:
        """Whether the session goes on. An idle or old one is logged out; otherwise the time of this request is noted.

        A page that reloads itself is only refused: the operator's next click ends the session, with a message.
        """
        if not request.user.is_authenticated:
            return True
        now, session, is_live = int(time.time()), request.session, LIVE_HEADER in request.headers
        idle = now - session.setdefault(SEEN, now) > settings.CONSOLE_IDLE_SECONDS
        if idle or now - session.setdefault(BEGAN, now) > settings.CONSOLE_SESSION_SECONDS:
            if is_live:
                return False
            logout(request)
            messages.info(request, "You were logged out. Log in again to go on.")
        elif now - session[SEEN] > _GRAIN_SECONDS and not is_live:
            session[SEEN] = now
        return True

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer an exception of a view with a page; the outer middleware would make a problem document of it."""
        return failures.respond(error, request) if failures.in_console(request) else None

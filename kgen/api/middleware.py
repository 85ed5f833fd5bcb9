"""The outermost layer of every request: request id, trailing slash, one log line."""

import time
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from kgen.api.problems import respond
from kgen.api.request_id import request_id_of
from kgen.logs import log_request

QUIET = frozenset({"/healthz", "/readyz", "/metrics"})


class RequestMiddleware:
    """Gives the request an id, reads `/path/` as `/path`, answers uncaught errors, and logs the outcome once.

    Removes cookies from requests outside the console, which alone uses them.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.html_paths = (f"/{settings.CONSOLE_PATH}", settings.STATIC_URL)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        request_id = request_id_of(request)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        if not request.path_info.startswith(self.html_paths):
            self.drop_last_slash(request)
            request.META.pop("HTTP_COOKIE", None)
        response = self.get_response(request)
        response["X-Request-Id"] = request_id
        self.write_log(request, response, time.perf_counter() - started)
        return response

    def drop_last_slash(self, request: HttpRequest) -> None:
        """Treat `/path/` as `/path`. There is no redirect, because a redirect would lose the body of a POST."""
        path = request.path_info
        if len(path) > 1 and path.endswith("/"):
            request.path_info = path[:-1]

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer an exception of a plain Django view; DRF's views handle their own."""
        return respond(error, request)

    def write_log(self, request: HttpRequest, response: HttpResponse, seconds: float) -> None:
        """Log one line for the request, except for probes."""
        if request.path_info in QUIET:
            return
        match = request.resolver_match
        log_request(
            request_id_of(request),
            method=request.method,
            route=match.route if match else None,
            status=response.status_code,
            seconds=seconds,
        )

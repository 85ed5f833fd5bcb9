"""Errors under the console's path as pages to read; elsewhere the API's problem documents."""

from http import HTTPStatus

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.csrf import requires_csrf_token

from kgen.api import problems
from kgen.api.request_id import request_id_of
from kgen.errors import DomainError, Forbidden, Invalid, NotFound

log = structlog.get_logger(__name__)

_WORDS = {
    400: "The request was not understood.",
    403: "Your role does not allow this.",
    404: "There is nothing at this address, or it is not yours to see.",
    503: "The console cannot reach its database for the moment. Nothing was changed. Try again.",
}
STALE = "This form was open for too long, or came from elsewhere. Nothing was changed. Go back, reload, try again."


def in_console(request: HttpRequest) -> bool:
    """Whether the request is for a page of the console."""
    return request.path_info.startswith(f"/{settings.CONSOLE_PATH}")


def page(request: HttpRequest, status: int, words: str = "") -> HttpResponse:
    """A page that needs neither database nor login."""
    facts = {
        "title": HTTPStatus(status).phrase,
        "words": words or _WORDS.get(status, "Something went wrong on our side. It was noted under the id below."),
        "request_id": request_id_of(request),
        "home": f"/{settings.CONSOLE_PATH}",
    }
    response = HttpResponse(render_to_string("console/failure.html", facts), status=status)
    response.headers["Cache-Control"] = "no-store"
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(problems.RETRY_AFTER_UNAVAILABLE)
    # Django's handlers look at it; a bug was logged where it was caught.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def respond(error: Exception, request: HttpRequest) -> HttpResponse:
    """The page for an exception that a view let through; a bug is logged once, with its trace."""
    known = problems.as_domain_error(error)
    if known is None:
        log.exception("internal error", exc_info=error)
        return page(request, 500)
    return page(request, known.status, known.detail if isinstance(error, DomainError) else "")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400."""
    return page(request, 400) if in_console(request) else problems.problem(Invalid(), request)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler403."""
    return page(request, 403) if in_console(request) else problems.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler404."""
    return page(request, 404) if in_console(request) else problems.problem(NotFound(), request)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500."""
    return page(request, 500) if in_console(request) else problems.server_error(request)


@requires_csrf_token
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW."""
    if in_console(request):
        return page(request, 403, STALE)
    return problems.problem(Forbidden("This is not allowed."), request)

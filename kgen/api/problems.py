"""Renders every refusal as application/problem+json (RFC 9457)."""

from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import requires_csrf_token
from rest_framework import exceptions as rest

from kgen import errors
from kgen.api.json import encode
from kgen.api.request_id import request_id_of
from kgen.api.throttles import RateCheck, Window, rate_headers
from kgen.transactions import sqlstate

log = structlog.get_logger(__name__)

RETRY_AFTER_UNAVAILABLE = 2
RETRY_AFTER_IN_PROGRESS = 1
PROBLEM = "application/problem+json"
# A primary that has become a standby; a transaction that was idle until the server ended it. psycopg raises
# InternalError for them.
PASSING = frozenset({"25006", "25P03", "25P04"})


class InternalError(errors.DomainError):
    """500: a bug of ours. The answer reveals only the request id under which it is logged."""

    code = "INTERNAL_ERROR"
    status = 500
    detail = "Something went wrong on our side."


def problem_parts(error: errors.DomainError, request_id: str) -> tuple[bytes, dict[str, str]]:
    """Body and headers of the problem document for `error`."""
    extra = dict(error.extra)
    headers = _headers(error, extra)
    body = {
        "type": f"urn:kgen:problem:{error.code.lower().replace('_', '-')}",
        "title": error.code.replace("_", " ").capitalize(),
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "message": error.code,
        "request_id": request_id,
        **extra,
    }
    return encode(body), headers


def problem(error: errors.DomainError, request: HttpRequest) -> HttpResponse:
    """The problem response for `error`."""
    body, headers = problem_parts(error, request_id_of(request))
    response = HttpResponse(body, status=error.status, content_type=PROBLEM, headers=headers)
    # Keeps Django's handlers from logging it again: RequestMiddleware logs every request.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _headers(error: errors.DomainError, extra: dict[str, Any]) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, errors.Unavailable):
        headers["Retry-After"] = str(RETRY_AFTER_UNAVAILABLE)
    if isinstance(error, errors.IdempotencyInProgress):
        headers["Retry-After"] = str(RETRY_AFTER_IN_PROGRESS)
    if isinstance(error, errors.TooMany) and "retry_after" in extra:
        headers["Retry-After"] = str(extra["retry_after"])
        if policy := extra.pop("policy", None):
            headers |= rate_headers(Window(*policy), RateCheck(0, extra["retry_after"]))
    if isinstance(error, errors.MethodNotAllowed):
        headers["Allow"] = ", ".join(extra.pop("allow"))
    return headers


def as_domain_error(error: Exception) -> errors.DomainError | None:
    """Translate a library's exception to a refusal; None for a bug."""
    match error:
        case errors.DomainError():
            return error
        case Http404() | rest.NotFound():
            return errors.NotFound()
        case SuspiciousOperation() | rest.ParseError():
            return errors.Invalid()
        case DatabaseError() | InterfaceError() if _is_passing(error):
            log.warning("database unavailable", sqlstate=sqlstate(error) or None)
            return errors.Unavailable()
        case PermissionDenied():
            return errors.Forbidden("This is not allowed.")
    return None


def _is_passing(error: Exception) -> bool:
    """Whether the database is away, restarting, out of disk, or too busy (lock and statement timeouts)."""
    return isinstance(error, OperationalError | InterfaceError) or sqlstate(error) in PASSING


def understood(error: Exception) -> errors.DomainError:
    """The refusal that answers any exception. A bug is logged once, with its traceback, and becomes a 500."""
    known = as_domain_error(error)
    if known is None:
        log.exception("internal error", exc_info=error)
        known = InternalError()
    return known


def respond(error: Exception, request: HttpRequest) -> HttpResponse:
    """The problem response for any exception."""
    return problem(understood(error), request)


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """DRF's hook."""
    if isinstance(error, rest.MethodNotAllowed):
        # Only views of drf-spectacular raise it: the schema and its page.
        error = errors.MethodNotAllowed(allow=["GET", "HEAD"])
    return respond(error, context["request"]._request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400."""
    return problem(errors.Invalid(), request)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler404: unknown paths."""
    return problem(errors.NotFound(), request)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500."""
    return problem(InternalError(), request)


@requires_csrf_token
def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler403 (the console)."""
    return problem(errors.Forbidden("This is not allowed."), request)

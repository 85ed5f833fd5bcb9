"""Every refusal as application/problem+json (RFC 9457), in one shape, from one place."""

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
PROBLEM = "application/problem+json"
# A primary that has become a standby; a transaction that stood still until the server ended it. psycopg counts
# them among its internal errors.
PASSING = frozenset({"25006", "25P03", "25P04"})


class InternalError(errors.DomainError):
    """500: a bug of ours. Says nothing of it but the id under which it is logged."""

    code = "INTERNAL_ERROR"
    status = 500
    detail = "Something went wrong on our side."


def problem_parts(error: errors.DomainError, request_id: str) -> tuple[bytes, dict[str, str]]:
    """Body and headers of the answer that tells of `error`."""
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
    """The response that tells of `error`."""
    body, headers = problem_parts(error, request_id_of(request))
    response = HttpResponse(body, status=error.status, content_type=PROBLEM, headers=headers)
    # Django's handlers look at it; ours are logged by the request middleware.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _headers(error: errors.DomainError, extra: dict[str, Any]) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, errors.Unavailable):
        headers["Retry-After"] = str(RETRY_AFTER_UNAVAILABLE)
    if isinstance(error, errors.TooMany) and "retry_after" in extra:
        headers["Retry-After"] = str(extra["retry_after"])
        if policy := extra.pop("policy", None):
            headers |= rate_headers(Window(*policy), RateCheck(0, extra["retry_after"]))
    if isinstance(error, errors.MethodNotAllowed):
        headers["Allow"] = ", ".join(extra.pop("allow"))
    return headers


def as_domain_error(error: Exception) -> errors.DomainError | None:
    """What a library's exception means in our terms; None for a bug."""
    match error:
        case errors.DomainError():
            return error
        case Http404() | rest.NotFound():
            return errors.NotFound()
        case SuspiciousOperation() | rest.ParseError():
            return errors.Invalid()
        case DatabaseError() | InterfaceError() if _passes(error):
            log.warning("database unavailable", sqlstate=sqlstate(error) or None)
            return errors.Unavailable()
        case PermissionDenied():
            return errors.Forbidden("This is not allowed.")
    return None


def _passes(error: Exception) -> bool:
    """Away, restarting, out of disk, or too busy (lock and statement timeouts): all pass by themselves."""
    return isinstance(error, OperationalError | InterfaceError) or sqlstate(error) in PASSING


def understood(error: Exception) -> errors.DomainError:
    """Any exception as what is answered; a bug is logged once, with its trace, and answered as 500."""
    known = as_domain_error(error)
    if known is None:
        log.exception("internal error", exc_info=error)
        known = InternalError()
    return known


def respond(error: Exception, request: HttpRequest) -> HttpResponse:
    """The problem response of any exception."""
    return problem(understood(error), request)


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """DRF's hook."""
    if isinstance(error, rest.MethodNotAllowed):
        # Of the views that are not ours: the schema and its page.
        error = errors.MethodNotAllowed(allow=["GET", "HEAD"])
    return respond(error, context["request"]._request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400."""
    return problem(errors.Invalid(), request)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler404: unknown paths, in the same shape."""
    return problem(errors.NotFound(), request)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500."""
    return problem(InternalError(), request)


@requires_csrf_token
def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler403 (the console)."""
    return problem(errors.Forbidden("This is not allowed."), request)

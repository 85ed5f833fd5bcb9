"""Responses that this package writes itself, as bytes."""

from collections.abc import Iterable
from functools import cache
from http import HTTPStatus

from django.conf import settings
from django.utils.csp import build_policy

from kgen.api.request_id import choose_request_id
from kgen.errors import DomainError
from kgen.fast_path.action_lane import refusal
from kgen.fast_path.messages import FastRequest, FastResponse

_DEFAULTS = {"Content-Type": "application/json", "Cache-Control": "no-store"}


def response_bytes(
    request: FastRequest,
    response: FastResponse,
    default_headers: Iterable[tuple[bytes, bytes]],
    *,
    connection: bytes = b"",
) -> bytes:
    """A response of the fast path. `connection` is a header line, or nothing."""
    named = {**_DEFAULTS, **request.rate_headers, **request.cors_headers, **response.headers}
    lines = "".join([f"{name.lower()}: {value}\r\n" for name, value in named.items()])
    return b"".join(
        [
            _status_line(response.status),
            *[b"%b: %b\r\n" % header for header in default_headers],
            b"content-length: %d\r\nx-request-id: %b\r\n" % (len(response.body), request.request_id.encode()),
            _security_lines(),
            lines.encode("latin-1"),
            connection,
            b"\r\n",
            response.body,
        ]
    )


def refusal_bytes(error: DomainError) -> bytes:
    """The response to bytes that never became a request; the connection closes after it."""
    request_id = choose_request_id(None)
    response = refusal(error, request_id)
    named = {
        **response.headers,
        "Content-Length": len(response.body),
        "X-Request-Id": request_id,
        "Connection": "close",
    }
    lines = "".join([f"{name}: {value}\r\n" for name, value in named.items()])
    return b"%b%b\r\n%b" % (_status_line(response.status), lines.encode("latin-1"), response.body)


def security_headers() -> dict[str, str]:
    """The headers that Django's security, frame and policy middleware add, by the same settings."""
    return {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
        "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
        "X-Frame-Options": settings.X_FRAME_OPTIONS,
        "Content-Security-Policy": build_policy(settings.SECURE_CSP),
    }


@cache
def _security_lines() -> bytes:
    return "".join([f"{name.lower()}: {value}\r\n" for name, value in security_headers().items()]).encode()


@cache
def _status_line(status: int) -> bytes:
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()

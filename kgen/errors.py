"""One family of refusals. Each tells a client what it can act on; bugs are no part of it."""

from typing import Any


class DomainError(Exception):
    """A refusal with a stable code. When one is raised nothing has happened.

    `extra` members become members of the problem document (RFC 9457), beside code and detail.
    """

    code = "BAD_REQUEST"
    status = 400
    detail = "The request is not valid."

    def __init__(self, detail: str | None = None, **extra: Any) -> None:
        self.detail = detail or type(self).detail
        self.extra = extra
        super().__init__(f"{self.code}: {self.detail}")


class Invalid(DomainError):
    """400: the request itself is wrong, whatever the state."""


class Unauthorized(DomainError):
    """401: one answer for every fault of credentials, so that none can be told from another."""

    code = "UN_AUTHORIZED"
    status = 401
    detail = "Missing, malformed, expired, forged or revoked credentials."


class Forbidden(DomainError):
    """403: known, but not allowed."""

    code = "FORBIDDEN"
    status = 403
    detail = "This is not allowed."


class GamerSuspended(Forbidden):
    """The gamer may read, but not play, claim or withdraw."""

    code = "GAMER_SUSPENDED"
    detail = "This gamer is suspended."


class NotFound(DomainError):
    """404: unknown, or somebody else's, which is the same."""

    code = "NOT_FOUND"
    status = 404
    detail = "There is nothing at this address."


class Conflict(DomainError):
    """409: the state of things does not allow it."""

    code = "WRONG_STATE"
    status = 409
    detail = "The present state does not allow this."


class TooMany(DomainError):
    """429: too often; `retry_after` is in seconds and becomes the Retry-After header.

    `policy` (name, amount, seconds), where given, becomes the RateLimit headers.
    """

    code = "RATE_LIMITED"
    status = 429
    detail = "Too many requests."


class Unavailable(DomainError):
    """503: a dependency is away for the moment. The same idempotency key tells what happened."""

    code = "UNAVAILABLE"
    status = 503
    detail = "The service is unavailable for the moment. Try again."


class RecordNotFound(NotFound):
    """The named record does not exist for this caller."""

    code = "RECORD_NOT_FOUND"
    detail = "No such record."


class WrongState(Conflict):
    """The thing's state no longer allows it."""


class ReferenceReused(Conflict):
    """A reference that already stands for something else."""

    code = "REFERENCE_REUSED"
    detail = "This reference was used with another content."


class MethodNotAllowed(DomainError):
    """405; `allow` lists what the address answers to and becomes the Allow header."""

    code = "METHOD_NOT_ALLOWED"
    status = 405
    detail = "This address does not answer to this method."


class RequestTimeout(DomainError):
    """408: the server has waited long enough for the rest of the request."""

    code = "REQUEST_TIMEOUT"
    status = 408
    detail = "The request did not come to its end in time."


class PayloadTooLarge(DomainError):
    """413: the body is over the call's limit."""

    code = "PAYLOAD_TOO_LARGE"
    status = 413
    detail = "The body is too large."


class UnsupportedMediaType(DomainError):
    """415: a body that is no plain JSON in UTF-8."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    status = 415
    detail = "The body must be application/json in UTF-8, not compressed."


class IdempotencyKeyReused(DomainError):
    """422: the key already stands for another request."""

    code = "IDEMPOTENCY_KEY_REUSED"
    status = 422
    detail = "This Idempotency-Key was used for another request."


class IdempotencyInProgress(Conflict):
    """409: the first request with this key has not ended yet."""

    code = "IDEMPOTENCY_IN_PROGRESS"
    detail = "The first request with this Idempotency-Key is still running."

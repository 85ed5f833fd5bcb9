"""The refusals, each with a stable code on which a caller can act. Bugs are not among them."""

from typing import Any


class DomainError(Exception):
    """A refusal with a stable code. It means that nothing has changed.

    `extra` becomes further members of the problem document (RFC 9457), beside code and detail.
    """

    code = "BAD_REQUEST"
    status = 400
    detail = "The request is not valid."

    def __init__(self, detail: str | None = None, **extra: Any) -> None:
        self.detail = detail or type(self).detail
        self.extra = extra
        super().__init__(f"{self.code}: {self.detail}")


class Invalid(DomainError):
    """400: the request is wrong, whatever the state of the data."""


class Unauthorized(DomainError):
    """401: the same answer for every fault of credentials, so that it does not reveal which."""

    code = "UN_AUTHORIZED"
    status = 401
    detail = "Missing, malformed, expired, forged or revoked credentials."


class Forbidden(DomainError):
    """403: the caller is known, but not allowed to do this."""

    code = "FORBIDDEN"
    status = 403
    detail = "This is not allowed."


class GamerSuspended(Forbidden):
    """The gamer may read, but not play, claim or withdraw."""

    code = "GAMER_SUSPENDED"
    detail = "This gamer is suspended."


class NotFound(DomainError):
    """404: unknown, or another client's or gamer's, which looks the same."""

    code = "NOT_FOUND"
    status = 404
    detail = "There is nothing at this address."


class Conflict(DomainError):
    """409: the present state does not allow it."""

    code = "WRONG_STATE"
    status = 409
    detail = "The present state does not allow this."


class TooMany(DomainError):
    """429: too many calls. `retry_after` is in seconds and becomes the Retry-After header.

    `policy` (name, amount, seconds), where given, becomes the RateLimit headers.
    """

    code = "RATE_LIMITED"
    status = 429
    detail = "Too many requests."


class Unavailable(DomainError):
    """503: a dependency is unavailable. A retry with the same idempotency key is safe."""

    code = "UNAVAILABLE"
    status = 503
    detail = "The service is temporarily unavailable. Try again."


class RecordNotFound(NotFound):
    """The named record does not exist for this caller."""

    code = "RECORD_NOT_FOUND"
    detail = "No such record."


class WrongState(Conflict):
    """The record's state does not allow this, or no longer does."""


class ReferenceReused(Conflict):
    """The reference belongs to a transaction with other content."""

    code = "REFERENCE_REUSED"
    detail = "This reference was used with different content."


class MethodNotAllowed(DomainError):
    """405. `allow` lists the methods of the address and becomes the Allow header."""

    code = "METHOD_NOT_ALLOWED"
    status = 405
    detail = "This address does not support this method."


class RequestTimeout(DomainError):
    """408: the rest of the request did not arrive in time."""

    code = "REQUEST_TIMEOUT"
    status = 408
    detail = "The request was not complete in time."


class PayloadTooLarge(DomainError):
    """413: the body is larger than the call's limit."""

    code = "PAYLOAD_TOO_LARGE"
    status = 413
    detail = "The body is too large."


class UnsupportedMediaType(DomainError):
    """415: the body is not declared as uncompressed JSON in UTF-8."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    status = 415
    detail = "The body must be application/json in UTF-8, not compressed."


class IdempotencyKeyReused(DomainError):
    """422: the key belongs to another request."""

    code = "IDEMPOTENCY_KEY_REUSED"
    status = 422
    detail = "This Idempotency-Key was used for another request."


class IdempotencyInProgress(Conflict):
    """409: the first request with this key has not ended yet."""

    code = "IDEMPOTENCY_IN_PROGRESS"
    detail = "The first request with this Idempotency-Key is still running."

"""Idempotency keys: one transaction writes an effect and the answer to its caller."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse

from kgen.api.json import encode
from kgen.clock import database_now
from kgen.errors import IdempotencyInProgress, IdempotencyKeyReused, Invalid
from kgen.models import IdempotencyKey


@dataclass(frozen=True)
class Answer:
    """A service's result on the wire."""

    payload: Any
    status: int = 200


class Replayed(Exception):
    """Not a fault: the key already has an answer. The call replays it and changes nothing."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__("replayed")
        self.status, self.body = status, body


@dataclass
class OnceByKey:
    """Makes a service's effect happen once for one key; see `kgen.transactions.transactional`.

    The try-lock ends with the transaction that took it, so a killed process leaves no key stuck.
    """

    scope: str
    key: str
    fingerprint: bytes
    render: Callable[[Any], Answer]
    kept_for_ever: bool = False
    body: bytes = field(default=b"", init=False)
    status: int = field(default=200, init=False)

    def begin(self) -> None:
        """Lock the key for this transaction, or replay its answer.

        :raises Replayed: the same request has an answer already.
        :raises IdempotencyKeyReused: the key belongs to another request.
        :raises IdempotencyInProgress: the first request with this key is still running.
        """
        lock = int.from_bytes(hashlib.sha256(f"{self.scope}\n{self.key}".encode()).digest()[:8], signed=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock])
            if not cursor.fetchone()[0]:
                raise IdempotencyInProgress()
        rows = IdempotencyKey.objects.filter(scope=self.scope, key=self.key)
        rows.filter(expires_at__lte=database_now()).delete()
        for kept in rows:
            if bytes(kept.fingerprint) != self.fingerprint:
                raise IdempotencyKeyReused()
            raise Replayed(kept.status, bytes(kept.body))

    def finish(self, result: Any) -> None:
        """Keep the answer that renders `result`, in the transaction of the effect."""
        answer = self.render(result)
        self.status, self.body = answer.status, encode(answer.payload)
        now = database_now()
        IdempotencyKey.objects.create(
            scope=self.scope,
            key=self.key,
            fingerprint=self.fingerprint,
            status=self.status,
            body=self.body,
            created_at=now,
            expires_at=None if self.kept_for_ever else now + timedelta(seconds=settings.IDEMPOTENCY_SECONDS),
        )


def key_of(request: HttpRequest) -> str | None:
    """The caller's Idempotency-Key; None without one.

    :raises Invalid: it is not 1–255 printable ASCII characters.
    """
    key: str | None = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is not None and not (1 <= len(key) <= 255 and key.isascii() and key.isprintable()):
        raise Invalid("Idempotency-Key must be 1 to 255 printable ASCII characters.")
    return key


def fingerprint(request: HttpRequest, body: dict[str, Any]) -> bytes:
    """The digest that two equal requests share: of method, path and parsed body."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{request.method}\n{request.path_info}\n{canonical}".encode()).digest()


def run(
    once: OnceByKey | None, service: Callable[..., Any], render: Callable[[Any], Answer], /, **kwargs: Any
) -> HttpResponse:
    """Call `service`, once for its key if it has one, and answer with its rendered result."""
    try:
        result = service(once=once, **kwargs)
    except Replayed as kept:
        return _response(kept.body, kept.status, {"Idempotent-Replayed": "true"})
    if once:
        return _response(once.body, once.status, {})
    answer = render(result)
    return _response(encode(answer.payload), answer.status, {})


def _response(body: bytes, status: int, headers: dict[str, str]) -> HttpResponse:
    return HttpResponse(body, status=status, content_type="application/json", headers=headers)

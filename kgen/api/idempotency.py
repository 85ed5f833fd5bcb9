"""Idempotency keys: an effect and the answer that told of it are one transaction."""

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
    """What a journey's result looks like on the wire."""

    payload: Any
    status: int = 200


class Replayed(Exception):
    """Not a fault: the key already has its answer, which is given again instead of doing anything."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__("replayed")
        self.status, self.body = status, body


@dataclass
class OnceByKey:
    """Makes a journey's effect happen once for one key; see `kgen.transactions.journey`.

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
        """Take the key, or answer from it.

        :raises Replayed: the same request was answered before.
        :raises IdempotencyKeyReused: another request was.
        :raises IdempotencyInProgress: the first one is still running.
        """
        lock = int.from_bytes(hashlib.sha256(f"{self.scope}\n{self.key}".encode()).digest()[:8], signed=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock])
            if not cursor.fetchone()[0]:
                raise IdempotencyInProgress()
        mine = IdempotencyKey.objects.filter(scope=self.scope, key=self.key)
        mine.filter(expires_at__lte=database_now()).delete()
        for kept in mine:
            if bytes(kept.fingerprint) != self.fingerprint:
                raise IdempotencyKeyReused()
            raise Replayed(kept.status, bytes(kept.body))

    def finish(self, result: Any) -> None:
        """Keep the answer to `result` with its effect."""
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
    """The caller's Idempotency-Key, if there is one.

    :raises Invalid: it is not 1–255 printable ASCII characters.
    """
    key: str | None = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is not None and not (1 <= len(key) <= 255 and key.isascii() and key.isprintable()):
        raise Invalid("Idempotency-Key must be 1 to 255 printable ASCII characters.")
    return key


def fingerprint(request: HttpRequest, body: dict[str, Any]) -> bytes:
    """What makes two requests the same: method, path, and the body as it was understood."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{request.method}\n{request.path_info}\n{canonical}".encode()).digest()


def run(
    once: OnceByKey | None, service: Callable[..., Any], render: Callable[[Any], Answer], /, **kwargs: Any
) -> HttpResponse:
    """Call `service`, once for its key where there is one, and answer with what `render` makes of its result."""
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

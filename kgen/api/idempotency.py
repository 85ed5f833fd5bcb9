"""Idempotency keys: one transaction writes an effect and the answer to its caller."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse

from kgen.api.json import encode
from kgen.errors import IdempotencyInProgress, IdempotencyKeyReused, Invalid
from kgen.statements import Select
from kgen.transactions import check_in_transaction


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


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request with an Idempotency-Key: whose key it is, and the digest that equal requests share."""

    scope: str
    key: str
    fingerprint: bytes
    kept_for_ever: bool = False

    @property
    def lock(self) -> int:
        """The number of the key's lock in PostgreSQL."""
        return int.from_bytes(hashlib.sha256(f"{self.scope}\n{self.key}".encode()).digest()[:8], signed=True)


class _Kept(NamedTuple):
    fingerprint: bytes
    status: int
    body: bytes
    is_over: bool | None


def begin_keys(requests: Sequence[KeyedRequest]) -> list[Exception | None]:
    """Lock the keys for this transaction. Returns for each request None, or what answers it instead of its effect.

    That is `Replayed` for a request that has an answer already, IdempotencyKeyReused where the key belongs to another
    request, and IdempotencyInProgress while a request with this key is running, also in the same batch. The try-locks
    end with the transaction, so a killed process leaves no key stuck.
    """
    check_in_transaction()
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [[request.lock for request in requests]])
        locked = [is_free for (is_free,) in cursor.fetchall()]
    # A statement of its own: it has to see what the holder of the lock before has committed.
    kept = dict(_KEPT.keyed([[request.scope for request in requests], [request.key for request in requests]]))
    if any(row.is_over for row in kept.values()):
        _forget([requests[place] for place, row in kept.items() if row.is_over])
    first = {(request.scope, request.key): place for place, request in reversed(list(enumerate(requests)))}
    return [
        _answer_of(request, kept.get(place))
        if locked[place] and first[request.scope, request.key] == place
        else IdempotencyInProgress()
        for place, request in enumerate(requests)
    ]


def _answer_of(request: KeyedRequest, kept: _Kept | None) -> Exception | None:
    if kept is None or kept.is_over:
        return None
    if bytes(kept.fingerprint) != request.fingerprint:
        return IdempotencyKeyReused()
    return Replayed(kept.status, bytes(kept.body))


def _forget(requests: Sequence[KeyedRequest]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, [[request.scope for request in requests], [request.key for request in requests]])


def keep_answers(answers: Sequence[tuple[KeyedRequest, int, bytes]]) -> None:
    """Keep status and body of each request's answer, in the transaction of its effect."""
    requests, statuses, bodies = zip(*answers, strict=True)
    columns = [
        [request.scope for request in requests],
        [request.key for request in requests],
        [request.fingerprint for request in requests],
        list(statuses),
        list(bodies),
        [request.kept_for_ever for request in requests],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [settings.IDEMPOTENCY_SECONDS, *columns])


_LOCK = "SELECT pg_try_advisory_xact_lock(lock) FROM unnest(%s::bigint[]) AS lock"
_KEPT = Select(
    """
SELECT asked.place - 1 AS place, kept.fingerprint, kept.status, kept.body,
       kept.expires_at <= clock_timestamp() AS is_over
  FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS asked (scope, key, place)
  JOIN kgen_idempotencykey kept USING (scope, key)
""",
    _Kept,
)
_FORGET = """
DELETE FROM kgen_idempotencykey
 WHERE (scope, key) IN (SELECT * FROM unnest(%s::text[], %s::text[])) AND expires_at <= clock_timestamp()
"""
_KEEP = """
INSERT INTO kgen_idempotencykey (scope, key, fingerprint, status, body, created_at, expires_at)
SELECT scope, key, fingerprint, status, body, now, CASE WHEN NOT for_ever THEN now + make_interval(secs => %s) END
  FROM unnest(%s::text[], %s::text[], %s::bytea[], %s::smallint[], %s::bytea[], %s::boolean[])
       AS answer (scope, key, fingerprint, status, body, for_ever),
       (SELECT clock_timestamp() AS now) AS clock
"""


@dataclass
class OnceByKey:
    """Makes a service's effect happen once for one key; see `kgen.transactions.transactional`."""

    request: KeyedRequest
    render: Callable[[Any], Answer]
    body: bytes = field(default=b"", init=False)
    status: int = field(default=200, init=False)

    def begin(self) -> None:
        """Lock the key for this transaction, or replay its answer.

        :raises Replayed: the same request has an answer already.
        :raises IdempotencyKeyReused: the key belongs to another request.
        :raises IdempotencyInProgress: the first request with this key is still running.
        """
        [answer] = begin_keys([self.request])
        if answer is not None:
            raise answer

    def finish(self, result: Any) -> None:
        """Keep the answer that renders `result`, in the transaction of the effect."""
        answer = self.render(result)
        self.status, self.body = answer.status, encode(answer.payload)
        keep_answers([(self.request, self.status, self.body)])


def key_of(request: HttpRequest) -> str | None:
    """The caller's Idempotency-Key; None without one.

    :raises Invalid: it is not 1–255 printable ASCII characters.
    """
    key: str | None = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is not None and not is_key(key):
        raise Invalid("Idempotency-Key must be 1 to 255 printable ASCII characters.")
    return key


def is_key(text: str) -> bool:
    """Whether `text` has the form of an Idempotency-Key."""
    return 1 <= len(text) <= 255 and text.isascii() and text.isprintable()


def scope_of(audience: str | None, caller_id: object) -> str:
    """Whose keys they are: a client's or a gamer's."""
    return f"{audience}:{caller_id}"


def fingerprint(method: str, path: str, body: dict[str, Any]) -> bytes:
    """The digest that two equal requests share: of method, path and parsed body."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{method}\n{path}\n{canonical}".encode()).digest()


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

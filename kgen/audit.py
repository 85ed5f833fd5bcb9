"""What operators do and see, kept for ever: who, what, before and after, why, in which request.

A trace is written in the transaction of the effect: `with acting(…): service(…)`. A refusal rolls back and leaves none.
Default-safe: of a row only numbers, times, ids, switches and choices are kept; texts only where the model's
`audit_shown` names them. Everything else reads HIDDEN, whatever it holds.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from django.db import models
from django.http import HttpRequest

from kgen.api.request_id import request_id_of
from kgen.models import AuditEntry
from kgen.transactions import ACTING

HIDDEN = "•••"
CHANGED = "••• (changed)"
LONGEST_REASON = 500
# Kept although they are texts or numbers of another kind: never, under any name like these.
_NEVER = ("secret", "password", "digest", "token", "nonce", "phone", "email", "pepper")
_PLAIN = (models.IntegerField, models.BooleanField, models.DateField, models.UUIDField, models.DurationField)


class OperatorRef(Protocol):
    """An operator, whom the floor knows by its number and name only."""

    pk: Any

    def get_username(self) -> str:
        """The name it logs in with."""


type Subject = models.Model | Callable[[Any], models.Model]


@dataclass
class _ActionTrace:
    operator: OperatorRef
    act: str
    subject: Subject
    reason: str
    request_id: str
    before: models.Model | None = None
    written: int = field(default=0)

    def begin(self) -> None:
        self.before = _stored(self.subject) if isinstance(self.subject, models.Model) else None

    def finish(self, result: object) -> None:
        row = self.subject if isinstance(self.subject, models.Model) else self.subject(result)
        now = _stored(row)
        before, after = differing(self.before, now)
        _write(self.operator, self.act, now or row, before, after, self.reason, self.request_id)
        self.written += 1


@contextmanager
def recording(
    *,
    operator: OperatorRef,
    act: str,
    subject: Subject,
    reason: str = "",
    request: HttpRequest | None = None,
    request_id: str = "",
) -> Iterator[None]:
    """The journeys that are called inside are this operator's act, each with a trace in its own transaction.

    `subject` is the row that it is about; for one that does not exist yet, a function that finds it in what the
    journey returns. `request_id` is for what was asked for in a request that has ended since.

    :raises RuntimeError: nothing was refused and yet no journey ran: an effect without a trace is a bug.
    """
    trace = _ActionTrace(
        operator, act, subject, reason.strip()[:LONGEST_REASON], request_id_of(request) if request else request_id
    )
    token = ACTING.set(trace)
    try:
        yield
    finally:
        ACTING.reset(token)
    if not trace.written:
        raise RuntimeError(f"{act} called no journey, so it left no trace")


def record_view(
    *, operator: OperatorRef, what: str, subject: models.Model, request: HttpRequest, reason: str = ""
) -> None:
    """Somebody was shown what is otherwise masked. Call it before showing: no trace, no sight."""
    _write(operator, f"{what}.see", subject, None, None, reason.strip()[:LONGEST_REASON], request_id_of(request))


def record(
    *,
    operator: OperatorRef | None,
    act: str,
    request: HttpRequest,
    subject: models.Model | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> None:
    """A trace of what is no journey: logins, forms of the console. In the caller's transaction, if it has one."""
    _write(operator, act, subject, before, after, reason.strip()[:LONGEST_REASON], request_id_of(request))


def entries_about(object_id: str) -> models.QuerySet[AuditEntry]:
    """What was done to a row or seen of it, newest first."""
    return AuditEntry.objects.filter(object_id=object_id).order_by("-id")


def entries_of_request(request_id: str) -> models.QuerySet[AuditEntry]:
    """What was done in one request."""
    return AuditEntry.objects.filter(request_id=request_id)


def snapshot(row: models.Model | None, related: tuple[str, ...] = ()) -> dict[str, Any] | None:
    """What may be kept of a row; `related` names many-to-many fields, of which the ids are."""
    if row is None:
        return None
    kept = {column.attname: _kept(row, column) for column in row._meta.concrete_fields}
    return kept | {
        name: sorted(str(key) for key in getattr(row, name).values_list("pk", flat=True)) for name in related
    }


def differing(
    before: models.Model | None, after: models.Model | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Both snapshots; what is hidden and yet differs says so."""
    first, second = snapshot(before), snapshot(after)
    if before is not None and after is not None and first is not None and second is not None:
        for name, value in second.items():
            if value == HIDDEN and getattr(before, name) != getattr(after, name):
                second[name] = CHANGED
    return first, second


def label_of(row: models.Model) -> str:
    """How a row is called in the trail: by its title or name if these may be shown, else by its id."""
    for name in ("title", "name"):
        if name in getattr(row, "audit_shown", ()):
            return str(getattr(row, name))[:200]
    return f"{row._meta.verbose_name} {row.pk}"[:200]


def client_of(row: models.Model) -> UUID | None:
    """Whose the row is: a client's own row names itself."""
    if row._meta.label_lower == "users.client":
        return row.pk  # type: ignore[no-any-return]
    return getattr(row, "client_id", None)


def _stored(row: models.Model) -> models.Model | None:
    return type(row)._base_manager.filter(pk=row.pk).first()


def _kept(row: models.Model, column: models.Field[Any, Any]) -> Any:
    value = getattr(row, column.attname)
    if value is None or value == "" or column.primary_key:
        return value
    if any(word in column.name for word in _NEVER) and not isinstance(column, models.DateField):
        return HIDDEN
    plain = isinstance(column, (*_PLAIN, models.ForeignKey)) or bool(column.choices)
    return value if plain or column.name in getattr(row, "audit_shown", ()) else HIDDEN


def _write(
    operator: OperatorRef | None,
    act: str,
    row: models.Model | None,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    reason: str,
    request_id: str,
) -> None:
    AuditEntry.objects.create(
        operator_id=operator.pk if operator else None,
        operator_name=operator.get_username() if operator else "",
        act=act,
        object_type=row._meta.label_lower if row else "",
        object_id=str(row.pk) if row else "",
        object_label=label_of(row) if row else "",
        client_id=client_of(row) if row else None,
        before=before,
        after=after,
        reason=reason,
        request_id=request_id,
    )

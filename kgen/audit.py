"""The trail: what operators do and see, with operator, values before and after, reason and request. Kept for ever.

The transaction of the effect writes the trace: `with recording(…): service(…)`. A refusal rolls back and leaves none.
Safe by default: a snapshot of a row keeps numbers, times, ids, booleans and choices, and texts only if the model's
`audit_shown` names them. Every other value is HIDDEN.
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
from kgen.transactions import CURRENT_TRACE

HIDDEN = "•••"
CHANGED = "••• (changed)"
LONGEST_REASON = 500
# Columns whose name contains one of these words are always hidden, whatever their type.
_NEVER = ("secret", "password", "digest", "token", "nonce", "phone", "email", "pepper")
_PLAIN = (models.IntegerField, models.BooleanField, models.DateField, models.UUIDField, models.DurationField)


class OperatorRef(Protocol):
    """An operator as the floor knows it: id and user name."""

    pk: Any

    def get_username(self) -> str:
        """The name with which the operator logs in."""


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
    """Record the services called inside as this operator's action `act`, each with a trace in its own transaction.

    `subject` is the row that the action is about, or a function that takes the service's result and returns the row,
    for a row that does not exist yet. `request_id` is for jobs, whose request has ended.

    :raises RuntimeError: no service ran although nothing was raised: an effect without a trace is a bug.
    """
    trace = _ActionTrace(
        operator, act, subject, reason.strip()[:LONGEST_REASON], request_id_of(request) if request else request_id
    )
    token = CURRENT_TRACE.set(trace)
    try:
        yield
    finally:
        CURRENT_TRACE.reset(token)
    if not trace.written:
        raise RuntimeError(f"{act} called no service, so it left no trace")


def record_view(
    *, operator: OperatorRef, what: str, subject: models.Model, request: HttpRequest, reason: str = ""
) -> None:
    """Record that an operator sees a value that is otherwise masked. Call it before showing the value."""
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
    """Record an action that is no service call: logins, forms of the console. Joins the caller's transaction."""
    _write(operator, act, subject, before, after, reason.strip()[:LONGEST_REASON], request_id_of(request))


def entries_about(object_id: str) -> models.QuerySet[AuditEntry]:
    """The entries about a row, newest first."""
    return AuditEntry.objects.filter(object_id=object_id).order_by("-id")


def entries_of_request(request_id: str) -> models.QuerySet[AuditEntry]:
    """The entries of one request."""
    return AuditEntry.objects.filter(request_id=request_id)


def snapshot(row: models.Model | None, related: tuple[str, ...] = ()) -> dict[str, Any] | None:
    """The values of a row that the trail may keep; for the many-to-many fields in `related`, their ids."""
    if row is None:
        return None
    kept = {column.attname: _kept(row, column) for column in row._meta.concrete_fields}
    return kept | {
        name: sorted(str(key) for key in getattr(row, name).values_list("pk", flat=True)) for name in related
    }


def differing(
    before: models.Model | None, after: models.Model | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """The snapshots before and after. Hidden values that differ read CHANGED in the second."""
    first, second = snapshot(before), snapshot(after)
    if before is not None and after is not None and first is not None and second is not None:
        for name, value in second.items():
            if value == HIDDEN and getattr(before, name) != getattr(after, name):
                second[name] = CHANGED
    return first, second


def label_of(row: models.Model) -> str:
    """A row's label in the trail: its title or name if `audit_shown` names it, otherwise its id."""
    for name in ("title", "name"):
        if name in getattr(row, "audit_shown", ()):
            return str(getattr(row, name))[:200]
    return f"{row._meta.verbose_name} {row.pk}"[:200]


def client_of(row: models.Model) -> UUID | None:
    """The id of the client that owns the row; for a client's own row its id."""
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

"""The kinds of jobs. Each app registers its own in its `jobs` and `exports` modules."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.module_loading import autodiscover_modules

from kgen.errors import RecordNotFound
from kgen.jobs.tables import ExportTable

EXPORT = "export."


@dataclass(frozen=True)
class ItemCall:
    """One act of a job: upon what, as whom, and why."""

    subject: Any
    operator_id: int
    reason: str
    parameters: dict[str, Any]


# A journey with its arguments, still to be called: the runner adds `once`, so that act and mark are one transaction.
type Action = Callable[..., object]


@dataclass(frozen=True)
class ActionKind:
    """A kind that calls one journey per item."""

    name: str
    title: str
    permission: str
    # What one of its acts is called in the audit trail.
    trace: str
    # The subjects that there are, with their `client_id`.
    subjects: Callable[[], QuerySet[Any]]
    act: Callable[[ItemCall], Action]
    # The console's page that shows a subject, by its id as `pk`; "": none does.
    page: str = ""

    def find(self, subject: UUID, clients: Sequence[UUID] | None) -> Any:
        """The subject of that id, within those clients (None: all).

        :raises RecordNotFound: there is none.
        """
        rows = self.subjects().filter(pk=subject)
        found = (rows if clients is None else rows.filter(client_id__in=list(clients))).first()
        if found is None:
            raise RecordNotFound()
        return found


_acts: dict[str, ActionKind] = {}
_tables: dict[str, ExportTable] = {}


def job(
    name: str, *, title: str, permission: str, trace: str, subjects: Callable[[], QuerySet[Any]], page: str = ""
) -> Callable[[Callable[[ItemCall], Action]], Callable[[ItemCall], Action]]:
    """Register the decorated function as a kind: it names the one journey of an item, it does not call it."""

    def register(act: Callable[[ItemCall], Action]) -> Callable[[ItemCall], Action]:
        assert name not in _acts, f"{name} is registered twice"
        _acts[name] = ActionKind(name, title, permission, trace, subjects, act, page)
        return act

    return register


def export(table: ExportTable) -> ExportTable:
    """Register a table as an export; its jobs are of the kind `export.<name>`."""
    assert table.name not in _tables, f"{table.name} is registered twice"
    _tables[table.name] = table
    return table


def act_kind(name: str) -> ActionKind:
    """The kind of that name.

    :raises RecordNotFound: there is none.
    """
    _discover()
    if name not in _acts:
        raise RecordNotFound(f"There is no job of the kind {name}.")
    return _acts[name]


def table(name: str) -> ExportTable:
    """The export of that name.

    :raises RecordNotFound: there is none.
    """
    _discover()
    if name not in _tables:
        raise RecordNotFound(f"There is no export named {name}.")
    return _tables[name]


def tables() -> list[ExportTable]:
    """All exports, by title."""
    _discover()
    return sorted(_tables.values(), key=lambda table: table.title)


def is_export(kind: str) -> bool:
    """Whether jobs of this kind leave a file."""
    return kind.startswith(EXPORT)


def table_of(kind: str) -> ExportTable:
    """The table that jobs of this kind export.

    :raises RecordNotFound: there is none.
    """
    return table(kind.removeprefix(EXPORT))


def title_of(kind: str) -> str:
    """A kind in words; its name where it is known no longer."""
    _discover()
    if is_export(kind):
        found = _tables.get(kind.removeprefix(EXPORT))
        return f"Export: {found.title}" if found else kind
    return _acts[kind].title if kind in _acts else kind


def page_of(kind: str) -> str:
    """The name of the page that shows what a job of this kind acts upon; "" where none does."""
    _discover()
    return _acts[kind].page if kind in _acts else ""


@cache
def _discover() -> None:
    """Read every app's kinds, once: not before all apps are loaded."""
    autodiscover_modules("jobs", "exports")

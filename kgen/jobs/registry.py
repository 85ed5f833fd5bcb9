"""The kinds of jobs. Each app registers its kinds in its `jobs` and `exports` modules."""

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
    """The action on one item: its subject, operator and reason."""

    subject: Any
    operator_id: int
    reason: str
    parameters: dict[str, Any]


# A service with its arguments, not called yet: the runner adds `once`, so that one transaction also marks the item.
type Action = Callable[..., object]


@dataclass(frozen=True)
class ActionKind:
    """A kind of job that calls one service per item."""

    name: str
    title: str
    permission: str
    # The action's name in the trail.
    trace: str
    # All possible subjects; rows with a `client_id`.
    subjects: Callable[[], QuerySet[Any]]
    # Returns the service call for one item.
    prepare: Callable[[ItemCall], Action]
    # The name of the console's page of a subject, which takes its id as `pk`; "": there is none.
    page: str = ""

    def find(self, subject: UUID, clients: Sequence[UUID] | None) -> Any:
        """The subject with this id, within these clients (None: all).

        :raises RecordNotFound: there is none.
        """
        rows = self.subjects().filter(pk=subject)
        found = (rows if clients is None else rows.filter(client_id__in=list(clients))).first()
        if found is None:
            raise RecordNotFound()
        return found


_action_kinds: dict[str, ActionKind] = {}
_tables: dict[str, ExportTable] = {}


def job(
    name: str, *, title: str, permission: str, trace: str, subjects: Callable[[], QuerySet[Any]], page: str = ""
) -> Callable[[Callable[[ItemCall], Action]], Callable[[ItemCall], Action]]:
    """Register the decorated function as a kind. It returns the service call for one item, without calling it."""

    def register(prepare: Callable[[ItemCall], Action]) -> Callable[[ItemCall], Action]:
        assert name not in _action_kinds, f"{name} is registered twice"
        _action_kinds[name] = ActionKind(name, title, permission, trace, subjects, prepare, page)
        return prepare

    return register


def export(table: ExportTable) -> ExportTable:
    """Register a table as an export; its jobs have the kind `export.<name>`."""
    assert table.name not in _tables, f"{table.name} is registered twice"
    _tables[table.name] = table
    return table


def act_kind(name: str) -> ActionKind:
    """The kind with this name.

    :raises RecordNotFound: there is none.
    """
    _discover()
    if name not in _action_kinds:
        raise RecordNotFound(f"There is no kind of job named {name}.")
    return _action_kinds[name]


def table(name: str) -> ExportTable:
    """The export with this name.

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
    """Whether jobs of this kind are exports."""
    return kind.startswith(EXPORT)


def table_of(kind: str) -> ExportTable:
    """The table that a job of this kind exports.

    :raises RecordNotFound: there is none.
    """
    return table(kind.removeprefix(EXPORT))


def title_of(kind: str) -> str:
    """A kind's title; its name if it is no longer registered."""
    _discover()
    if is_export(kind):
        found = _tables.get(kind.removeprefix(EXPORT))
        return f"Export: {found.title}" if found else kind
    return _action_kinds[kind].title if kind in _action_kinds else kind


def page_of(kind: str) -> str:
    """The name of the page of this kind's subjects; "" if there is none."""
    _discover()
    return _action_kinds[kind].page if kind in _action_kinds else ""


@cache
def _discover() -> None:
    """Import every app's kinds, once, after all apps are loaded."""
    autodiscover_modules("jobs", "exports")

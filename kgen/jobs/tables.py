"""What can be exported: a table is declared once, with its columns, its rows in keyset order, and who may have it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from kgen.api.pagination import Key, page_of
from kgen.errors import Invalid
from kgen.jobs import csv_cells

PAGE_ROWS = 1000
# Lets phones and addresses be seen in full, wherever the console shows them.
SEE_PERSONAL = "users.see_phone"


@dataclass(frozen=True)
class ExportScope:
    """Which rows, and whether personal data is written in full."""

    # None: of all clients.
    clients: Sequence[UUID] | None
    since: datetime
    until: datetime
    # The row to which the export is narrowed (see `Subject`); None: all rows.
    about: UUID | None = None
    full: bool = False

    def within[Q: QuerySet[Any]](self, rows: Q, time: str, client: str = "client_id") -> Q:
        """Those of the operator's clients whose `time` lies in [since, until)."""
        rows = rows.filter(**{f"{time}__gte": self.since, f"{time}__lt": self.until})
        return rows if self.clients is None else rows.filter(**{f"{client}__in": list(self.clients)})


@dataclass(frozen=True)
class ExportColumn:
    """A column: its heading, and its value in a row of the table's query."""

    title: str
    value: Callable[[Any], object]
    # A phone or an address: masked unless the export is a full one.
    personal: bool = False


@dataclass(frozen=True)
class Subject:
    """The kind of row (a wallet, a tournament) to which an export can be narrowed by the row's id."""

    name: str
    # The row of an id: at most a few rows, with their `client_id`.
    rows: Callable[[UUID], QuerySet[Any]]
    # Whether there is no export without it.
    required: bool = False


@dataclass(frozen=True)
class ExportTable:
    """An export. `rows` answers a query that ends after a page; `key` is its total order."""

    name: str
    title: str
    # Each of which an operator must hold.
    permission: str
    columns: Sequence[ExportColumn]
    rows: Callable[[ExportScope], QuerySet[Any]]
    key: Sequence[Key]
    # What `Scope.about` names; None: the table is exported for all rows only.
    about: Subject | None = None

    def heading(self) -> bytes:
        """The first line, behind the mark by which spreadsheets know UTF-8."""
        return csv_cells.BOM + csv_cells.lines([[column.title for column in self.columns]])

    def check_about(self, id: UUID | None, clients: Collection[UUID] | None) -> None:
        """Refuse an export about `id` (None: about no row), within `clients` (None: all), that cannot be made.

        :raises Invalid: the table cannot be narrowed, there is no such row, or the table needs one.
        """
        if id is None:
            if self.about and self.about.required:
                raise Invalid(f"Say which {self.about.name}.")
            return
        if self.about is None:
            raise Invalid(f"{self.title}: this export has all rows and cannot be narrowed to an id.")
        rows = self.about.rows(id)
        if not (rows if clients is None else rows.filter(client_id__in=list(clients))).exists():
            raise Invalid(f"There is no {self.about.name} with this id.")


@dataclass(frozen=True)
class ExportPage:
    """Some lines of a file, and where the next ones begin; None after the last."""

    rows: int
    lines: list[bytes]
    position: str | None


def read_page(table: ExportTable, scope: ExportScope, position: str | None) -> ExportPage:
    """The next lines of a table, by one bounded query and those it prefetches."""
    name = f"export:{table.name}"
    page = page_of(table.rows(scope), table.key, scope=name, cursor=position, limit=PAGE_ROWS)
    return ExportPage(len(page.rows), [_line(table, scope, row) for row in page.rows], page.next_cursor)


def count_rows(table: ExportTable, scope: ExportScope, most: int) -> int:
    """How many lines there will be, counted no further than one past `most`."""
    return table.rows(scope).order_by()[: most + 1].count()


def _line(table: ExportTable, scope: ExportScope, row: Any) -> bytes:
    return csv_cells.lines([[_value(column, scope, row) for column in table.columns]])


def _value(column: ExportColumn, scope: ExportScope, row: Any) -> object:
    value = column.value(row)
    return csv_cells.masked(str(value or "")) if column.personal and not scope.full else value

"""Exportable tables: each is declared once, with its columns, rows, order and permission."""

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
# The permission to see phones and addresses in full, anywhere in the console.
SEE_PERSONAL = "users.see_phone"


@dataclass(frozen=True)
class ExportScope:
    """The rows of an export, and whether it shows personal data in full."""

    # None: all clients.
    clients: Sequence[UUID] | None
    since: datetime
    until: datetime
    # The row to which the export is narrowed (see `Subject`); None: all rows.
    about: UUID | None = None
    full: bool = False

    def within[Q: QuerySet[Any]](self, rows: Q, time: str, client: str = "client_id") -> Q:
        """The rows of these clients whose `time` is in [since, until)."""
        rows = rows.filter(**{f"{time}__gte": self.since, f"{time}__lt": self.until})
        return rows if self.clients is None else rows.filter(**{f"{client}__in": list(self.clients)})


@dataclass(frozen=True)
class ExportColumn:
    """A column: its heading, and its value in a row of the table's query."""

    title: str
    value: Callable[[Any], object]
    # A phone or an address: masked unless the export is full.
    personal: bool = False


@dataclass(frozen=True)
class Subject:
    """The kind of row (a wallet, a tournament) to which an export can be narrowed by the row's id."""

    name: str
    # The rows with an id: at most a few, with a `client_id`.
    rows: Callable[[UUID], QuerySet[Any]]
    # Whether the export must be narrowed to one row.
    required: bool = False


@dataclass(frozen=True)
class ExportTable:
    """An export. `rows` returns a query that is cheap to read page by page; `key` is its total order."""

    name: str
    title: str
    # The permission that an operator needs.
    permission: str
    columns: Sequence[ExportColumn]
    rows: Callable[[ExportScope], QuerySet[Any]]
    key: Sequence[Key]
    # The row that `ExportScope.about` identifies; None: the table cannot be narrowed.
    about: Subject | None = None

    def heading(self) -> bytes:
        """The heading line, after the byte order mark by which spreadsheets recognise UTF-8."""
        return csv_cells.BOM + csv_cells.lines([[column.title for column in self.columns]])

    def check_about(self, id: UUID | None, clients: Collection[UUID] | None) -> None:
        """Check that the table can be narrowed to the row `id` (None: not narrowed), within `clients` (None: all).

        :raises Invalid: the table cannot be narrowed, needs an id, or has no row with this id.
        """
        if id is None:
            if self.about and self.about.required:
                raise Invalid(f"This export needs the id of a {self.about.name}.")
            return
        if self.about is None:
            raise Invalid(f"{self.title}: this export cannot be narrowed to an id.")
        rows = self.about.rows(id)
        if not (rows if clients is None else rows.filter(client_id__in=list(clients))).exists():
            raise Invalid(f"There is no {self.about.name} with this id.")


@dataclass(frozen=True)
class ExportPage:
    """Some lines of a file, and the position of the next line; None after the last."""

    rows: int
    lines: list[bytes]
    position: str | None


def read_page(table: ExportTable, scope: ExportScope, position: str | None) -> ExportPage:
    """The next page of a table, by one bounded query and its prefetches."""
    name = f"export:{table.name}"
    page = page_of(table.rows(scope), table.key, scope=name, cursor=position, limit=PAGE_ROWS)
    return ExportPage(len(page.rows), [_line(table, scope, row) for row in page.rows], page.next_cursor)


def count_rows(table: ExportTable, scope: ExportScope, most: int) -> int:
    """The number of rows, counted to at most `most` + 1."""
    return table.rows(scope).order_by()[: most + 1].count()


def _line(table: ExportTable, scope: ExportScope, row: Any) -> bytes:
    return csv_cells.lines([[_value(column, scope, row) for column in table.columns]])


def _value(column: ExportColumn, scope: ExportScope, row: Any) -> object:
    value = column.value(row)
    return csv_cells.masked(str(value or "")) if column.personal and not scope.full else value

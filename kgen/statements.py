"""SELECT statements whose rows have names."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from django.db import connection


class Select[Row: tuple[Any, ...]]:
    """A statement that returns rows, each as one NamedTuple.

    The columns must have the names of its fields, in their order. The first run of the statement checks that, so that
    a moved or removed column cannot be read as another one.
    """

    def __init__(self, sql: str, row: type[Row]) -> None:
        self.sql, self.row = sql, row
        self._fields: tuple[str, ...] = row._fields  # type: ignore[attr-defined]
        self._make = cast(Callable[[Iterable[Any]], Row], row._make)  # type: ignore[attr-defined]
        self._is_checked = False

    def all(self, params: Sequence[Any] | Mapping[str, Any] = ()) -> list[Row]:
        """Every row.

        :raises TypeError: the names of the columns are not the names of the fields.
        """
        with connection.cursor() as cursor:
            cursor.execute(self.sql, params)
            if not self._is_checked:
                self._check([column.name for column in cursor.description])
            return list(map(self._make, cursor.fetchall()))

    def one(self, params: Sequence[Any] | Mapping[str, Any] = ()) -> Row:
        """The row of a statement that returns exactly one.

        :raises TypeError: the names of the columns are not the names of the fields.
        """
        [row] = self.all(params)
        return row

    def keyed(self, params: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, Row]]:
        """Every row with its key, which is the first column; the others have the names of the fields.

        :raises TypeError: the names of these columns are not the names of the fields.
        """
        with connection.cursor() as cursor:
            cursor.execute(self.sql, params)
            if not self._is_checked:
                self._check([column.name for column in cursor.description[1:]])
            return [(key, self._make(rest)) for key, *rest in cursor.fetchall()]

    def _check(self, columns: Sequence[str]) -> None:
        if tuple(columns) != self._fields:
            raise TypeError(f"{self.row.__name__} has the fields {self._fields}, the statement the columns {columns}")
        self._is_checked = True

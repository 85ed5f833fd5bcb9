"""Keyset paging of the admin's lists: without counts and offsets, page 10,000 costs the same as the first."""

import base64
import json
from collections.abc import Callable
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from unfold.views import ChangeList

from kgen.api.pagination import Key, after
from kgen.errors import Invalid

NEXT, PREVIOUS = "_next", "_previous"


def page_at[P](read: Callable[[str | None], P], cursor: str | None) -> P:
    """The page at a cursor of the address; the first page where the list cannot read the cursor."""
    try:
        return read(cursor)
    except Invalid:
        return read(None)


class Slice:
    """Takes the place of the admin's paginator, and counts nothing."""

    template_name = "console/paging.html"
    count = 0


class KeysetChangeList(ChangeList):  # type: ignore[misc]
    """Rows in the order of `ModelAdmin.keyset`, a page at a time, forwards and backwards.

    A cursor is the key of the last (or the first) row. It only says where to go on: filters and the operator's limit
    hold on every page. There is no sorting by columns, since each order would need an index of its own.
    """

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.cursors = request.GET.get(NEXT, ""), request.GET.get(PREVIOUS, "")
        super().__init__(request, *args, **kwargs)

    def get_filters_params(self, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """
        :raises IncorrectLookupParameters: a filter has NUL, which the database refuses.
        """
        found: dict[str, Any] = super().get_filters_params(params)
        if any("\0" in text for texts in found.values() for text in texts):
            raise IncorrectLookupParameters
        return {name: value for name, value in found.items() if name not in (NEXT, PREVIOUS)}

    def get_query_string(self, new_params: Any = None, remove: list[str] | None = None) -> str:
        # A list with another filter begins at its first page.
        return str(super().get_query_string(new_params, [*(remove or []), NEXT, PREVIOUS]))

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[str]:
        return [("-" if key.descending else "") + key.column for key in self._keys(backwards=False)]

    def get_results(self, request: HttpRequest) -> None:
        forwards, backwards = self.cursors
        rows = self.queryset
        keys = self._keys(backwards=bool(backwards))
        if cursor := backwards or forwards:
            rows = rows.filter(after(keys, self._read(cursor, keys)))
        order = [("-" if key.descending else "") + key.column for key in keys]
        if self._is_by_time():
            # No index has this order within a range of time, so the range is sorted, by keys alone and before any join.
            page = rows.order_by(*order).values_list("pk", flat=True)[: self.list_per_page + 1]
            rows = self.queryset.filter(pk__in=list(page))
        found = list(rows.order_by(*order)[: self.list_per_page + 1])
        more = len(found) > self.list_per_page
        found = found[: self.list_per_page]
        if backwards:
            found.reverse()
        self._show(found, has_next=bool(backwards) or more, has_previous=more if backwards else bool(forwards))

    def _show(self, found: list[Any], *, has_next: bool, has_previous: bool) -> None:
        self.next_query = self.get_query_string({NEXT: self._write(found[-1])}) if found and has_next else ""
        self.previous_query = self.get_query_string({PREVIOUS: self._write(found[0])}) if found and has_previous else ""
        self.first_query = self.get_query_string() if has_previous or (not found and any(self.cursors)) else ""
        self.result_list, self.result_count = found, len(found)
        # Equal, so that the page shows no total.
        self.full_result_count = self.result_count
        self.show_full_result_count = self.can_show_all = self.multi_page = False
        self.show_admin_actions, self.paginator = True, Slice()

    def _keys(self, *, backwards: bool) -> list[Key]:
        keyset = (f"-{self.model_admin.timed}",) if self._is_by_time() else self.model_admin.keyset
        named = [*keyset, "-pk"] if "-pk" not in keyset else keyset
        return [Key(name.removeprefix("-"), "str", descending=name.startswith("-") != backwards) for name in named]

    def _is_by_time(self) -> bool:
        """Whether the list is filtered by its indexed column of time."""
        column = self.model_admin.timed
        named = (f"{column}__", f"{column}_from", f"{column}_to")
        return column is not None and any(value and name.startswith(named) for name, value in self.params.items())

    def _write(self, row: Model) -> str:
        values = [getattr(row, key.column) for key in self._keys(backwards=False)]
        plain = [value.isoformat() if hasattr(value, "isoformat") else str(value) for value in values]
        return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")

    def _read(self, cursor: str, keys: list[Key]) -> list[Any]:
        """
        :raises IncorrectLookupParameters: the text is no cursor of this list. The admin then shows the first page.
        """
        try:
            plain = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            columns = [self.opts.pk if key.column == "pk" else self.opts.get_field(key.column) for key in keys]
            return [column.to_python(str(value)) for column, value in zip(columns, plain, strict=True)]
        except (ValueError, TypeError, ValidationError) as error:
            raise IncorrectLookupParameters from error

"""A filter by days, for lists with a column of time."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import RangeDateFilter

ONE_DAY = timedelta(days=1)


class DaysFilter(RangeDateFilter):  # type: ignore[misc]
    """Whole UTC days from a first to a last, both included. Either may be open."""

    def __init__(self, field: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(field, *args, **kwargs)
        self.title = f"{field.verbose_name}, UTC days"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """
        :raises IncorrectLookupParameters: a text is no day. The admin then shows the whole list.
        """
        first, last = (self.used_parameters.get(f"{self.parameter_name}_{end}") for end in ("from", "to"))
        try:
            if first:
                queryset = queryset.filter(**{f"{self.field_path}__gte": _beginning(first)})
            if last:
                queryset = queryset.filter(**{f"{self.field_path}__lt": _beginning(last) + ONE_DAY})
        except (ValueError, OverflowError) as error:
            raise IncorrectLookupParameters from error
        return queryset


def _beginning(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)

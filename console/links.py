"""Addresses of the console's lists with their filters."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from kgen.admin_site.pages import address


def filtered(name: str, **filters: Any) -> str:
    """The address of a list or page with a query. Times are written with their zone."""
    plain = {key: value.isoformat() if isinstance(value, date) else value for key, value in filters.items()}
    return f"{address(name)}?{urlencode(plain)}"


def on_days(name: str, column: str, first: date, last: date, **filters: Any) -> str:
    """The address of a list, filtered to rows whose `column` is on these UTC days, both included."""
    begins, ends = (datetime(day.year, day.month, day.day, tzinfo=UTC) for day in (first, last))
    times = {f"{column}__gte": begins, f"{column}__lt": ends + timedelta(days=1)}
    return filtered(name, **times, **filters)


def on_day(name: str, column: str, day: date, **filters: Any) -> str:
    """The address of a list, filtered to rows whose `column` is on that UTC day."""
    return on_days(name, column, day, day, **filters)

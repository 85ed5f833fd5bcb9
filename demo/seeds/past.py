"""A month that has passed: the product's own journeys, called under a database clock that is set back.

What the clock says decides about money and scores, so a past cannot be told to a service; it has to be that time. For
the length of one transaction `clock_timestamp()` is a function of ours, in a schema that nobody else ever sees: it is
made and dropped in that same transaction.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models

from kgen import audit
from kgen.clock import database_now
from kgen.models import AuditEntry
from kgen.transactions import as_one

# The lock comes first: of two seeds at the same time the second finds all that the first has made.
_SET_BACK = """
SELECT pg_advisory_xact_lock(hashtextextended('kgen.demo', 0));
CREATE SCHEMA demo_clock;
CREATE FUNCTION demo_clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
    $$ SELECT pg_catalog.clock_timestamp() - current_setting('kgen.demo_ago')::interval $$;
SELECT set_config('kgen.demo_ago', '0', true),
       set_config('search_path', 'demo_clock, pg_catalog, ' || current_setting('search_path'), true);
"""
_PUT_RIGHT = "SET LOCAL search_path TO DEFAULT; DROP SCHEMA demo_clock CASCADE;"


_entries: ContextVar[list[AuditEntry]] = ContextVar("entries")


class Clock:
    """The clock that journeys go by. It can be set; between two settings it goes on as clocks do."""

    def set(self, ago: timedelta) -> datetime:
        """Let it be so long ago; the moment that it is then."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('kgen.demo_ago', %s, true)", [f"{ago.total_seconds()} seconds"])
        return database_now()


@contextmanager
def set_back() -> Iterator[Clock]:
    """One transaction with a clock that can be set. Either all that is called inside has happened, or nothing."""
    with as_one():
        with connection.cursor() as cursor:
            cursor.execute(_SET_BACK)
        with _in_order():
            yield Clock()
        with connection.cursor() as cursor:
            cursor.execute(_PUT_RIGHT)


@contextmanager
def _in_order() -> Iterator[None]:
    """Write the trail at the end, by its times: it is read in the order in which it was written, and never changed."""
    token = _entries.set([])
    try:
        yield
        AuditEntry.objects.bulk_create(sorted(_entries.get(), key=lambda entry: entry.at))
    finally:
        _entries.reset(token)


def trace[R](
    operator: audit.OperatorRef, act: str, subject: models.Model | None, reason: str, call: Callable[[], R]
) -> R:
    """Call a service as an operator's act; its entry stands in the trail at the time that the clock shows.

    `subject` None: what the call returns. `kgen.audit.acting` would put the entry at the true time.
    """
    before = _stored(subject) if subject else None
    result: Any = call()
    now = _stored(subject or result)
    first, second = audit.differing(before, now)
    entry = AuditEntry(
        at=database_now(),
        operator_id=operator.pk,
        operator_name=operator.get_username(),
        act=act,
        object_type=now._meta.label_lower,
        object_id=str(now.pk),
        object_label=audit.label_of(now),
        client_id=audit.client_of(now),
        before=first,
        after=second,
        reason=reason,
    )
    _entries.get().append(entry)
    return result  # type: ignore[no-any-return]


def _stored(row: models.Model) -> models.Model:
    return type(row)._base_manager.get(pk=row.pk)

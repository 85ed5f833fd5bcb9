"""A past month: the product's own services, called under a database clock that is set back.

Services take no time from their callers: the database's clock decides about money and scores. So the clock itself is
set back. During one transaction `clock_timestamp()` is a function of this module, in a schema that the same transaction
makes and drops, so that no other connection ever sees it.
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

# The lock comes first: of two concurrent seeds, the second finds all that the first has made.
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
    """The clock that services read. It can be set, and runs on from there."""

    def set(self, ago: timedelta) -> datetime:
        """Set the clock back by `ago` from the true time. Returns the time that it then shows."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('kgen.demo_ago', %s, true)", [f"{ago.total_seconds()} seconds"])
        return database_now()


@contextmanager
def set_back() -> Iterator[Clock]:
    """One transaction with a clock that can be set. All calls inside are committed together, or none is."""
    with as_one():
        with connection.cursor() as cursor:
            cursor.execute(_SET_BACK)
        with _in_order():
            yield Clock()
        with connection.cursor() as cursor:
            cursor.execute(_PUT_RIGHT)


@contextmanager
def _in_order() -> Iterator[None]:
    """Write the trail's entries at the end, in the order of their times, on which its readers rely."""
    token = _entries.set([])
    try:
        yield
        AuditEntry.objects.bulk_create(sorted(_entries.get(), key=lambda entry: entry.at))
    finally:
        _entries.reset(token)


def trace[R](
    operator: audit.OperatorRef, act: str, subject: models.Model | None, reason: str, call: Callable[[], R]
) -> R:
    """Call a service as an operator's action. Its entry in the trail has the time that the set clock shows.

    `subject` None: the row that the call returns. `kgen.audit.recording` would write the true time.
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

"""Time in tests: a tournament's moments moved about the present one, or the database's clock stopped at a moment."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from esports.lifecycle import TIMES, Timetable
from esports.models import Tournament
from kgen.clock import database_now
from tests.support.http import StudioCaller
from tests.support.organising import wire

INSTANT = timedelta(microseconds=1)


def hourly(studio: StudioCaller, hours: Sequence[float] = (1, 2, 3, 4, 5), **fields: Any) -> str:
    """A tournament that is scheduled, moves to the lobby, starts, locks and ends so many hours from now."""
    now = database_now()
    moments = [wire(now + timedelta(hours=hour)) for hour in hours]
    return studio.tournament(**dict(zip([f"{name}_timestamp" for name in TIMES], moments, strict=True)), **fields)


def timetable(uid: str) -> Timetable:
    """A tournament's five times as they are stored."""
    return Tournament.objects.get(pk=uid).timetable


def move(uid: str, **seconds: float) -> None:
    """Set some of a tournament's times, under the names of `Timetable`, so many seconds from now."""
    now = database_now()
    moved = {name: now + timedelta(seconds=count) for name, count in seconds.items()}
    originals = {f"original_{name}": moved[name] for name in ("locks_at", "ends_at") if name in moved}
    assert set(moved) <= set(TIMES)
    Tournament.objects.filter(pk=uid).update(**moved, **originals)


@contextmanager
def clock_at(moment: datetime) -> Iterator[None]:
    """Stop the database's clock at a moment, for this connection and until the block ends.

    A function of the test's own stands in front of PostgreSQL's, so that edges are met to the microsecond. It is
    part of the test's transaction and goes with it.
    """
    with connection.cursor() as cursor:
        for statement in _STOP:
            cursor.execute(statement)
        cursor.execute("SELECT set_config('stopped.at', %s, true)", [moment.isoformat()])
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL search_path TO DEFAULT")


_STOP = [
    "CREATE SCHEMA IF NOT EXISTS stopped",
    """CREATE OR REPLACE FUNCTION stopped.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
       AS $$ SELECT current_setting('stopped.at')::timestamptz $$""",
    "SET LOCAL search_path = stopped, pg_catalog, public",
]

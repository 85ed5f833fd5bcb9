"""The database's clock, the one time that all web and worker processes share."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import DateTimeField, Func

# The difference between the times of simultaneous changes that need an order.
TICK = timedelta(microseconds=1)


class ClockTimestamp(Func):
    """`clock_timestamp()`: the present moment, not the transaction's start as `now()` is."""

    function = "clock_timestamp"
    template = "%(function)s()"
    output_field = DateTimeField()


def first_id(moment: datetime) -> UUID:
    """The smallest UUIDv7 of this millisecond: the first 48 bits of a UUIDv7 are milliseconds."""
    return UUID(int=round(moment.timestamp() * 1000) << 80)


def made_at(id: UUID) -> datetime:
    """The time of a UUIDv7, by the clock of the process that made it."""
    return datetime.fromtimestamp((id.int >> 80) / 1000, UTC)


def database_now() -> datetime:
    """The present moment by the database's clock (UTC, microseconds).

    After a row lock this is a moment at which the lock is held. It needs a statement of its own: a clock inside the
    locking statement is not read again after the wait for the lock.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    moment: datetime = row[0]
    return moment

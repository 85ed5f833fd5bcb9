"""The database's clock: the one time that all web and worker processes agree on."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import DateTimeField, Func

# So much apart is what is done together, where somebody has to be first.
TICK = timedelta(microseconds=1)


class ClockTimestamp(Func):
    """`clock_timestamp()`: the present moment, not the transaction's start as `now()` is."""

    function = "clock_timestamp"
    template = "%(function)s()"
    output_field = DateTimeField()


def first_id(moment: datetime) -> UUID:
    """The smallest that a UUIDv7 of this millisecond or later can be: their first 48 bits are milliseconds."""
    return UUID(int=round(moment.timestamp() * 1000) << 80)


def made_at(id: UUID) -> datetime:
    """When a UUIDv7 was made, by the clock of the process that made it."""
    return datetime.fromtimestamp((id.int >> 80) / 1000, UTC)


def database_now() -> datetime:
    """The present moment by the database's clock (UTC, microseconds).

    After a row lock this is the moment at which the lock was held; ask it in a statement of its own,
    because a volatile clock inside the locking statement is not asked again after a wait.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    moment: datetime = row[0]
    return moment

"""The database's clock: the one time that all web and worker processes agree on."""

from datetime import datetime

from django.db import connection
from django.db.models import DateTimeField, Func


class ClockTimestamp(Func):
    """`clock_timestamp()`: the present moment, not the transaction's start as `now()` is."""

    function = "clock_timestamp"
    template = "%(function)s()"
    output_field = DateTimeField()


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

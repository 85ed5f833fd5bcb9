"""Play over all tournaments: the live, the closing, those that await their booking, and entries by day."""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, Q, QuerySet

from esports.models import EntryMark, Tournament
from esports.selectors.tournaments import TournamentAt, tournament_at, visible_at, with_clock
from kgen.clock import ClockTimestamp

CLOSING_WITHIN = timedelta(hours=1)


def all_tournaments() -> QuerySet[Tournament]:
    """The tournaments of every client: for operators, whose scope limits them (kgen.admin_site.scope)."""
    return Tournament.objects.all()


def live(rows: QuerySet[Tournament]) -> QuerySet[Tournament]:
    """The tournaments of `rows` that have started and not ended."""
    now = ClockTimestamp()
    return _open(rows).filter(visible_at(now), over_at__gt=now, starts_at__lte=now, cancelled_at=None)


def closing(rows: QuerySet[Tournament]) -> QuerySet[Tournament]:
    """The tournaments of `rows` that lock or end within the hour."""
    now = ClockTimestamp()
    soon = now + CLOSING_WITHIN
    within_the_hour = Q(locks_at__gt=now, locks_at__lte=soon) | Q(ends_at__lte=soon)
    return _open(rows).filter(visible_at(now), within_the_hour, over_at__gt=now, cancelled_at=None)


def awaiting(rows: QuerySet[Tournament]) -> QuerySet[Tournament]:
    """The tournaments of `rows` that have ended or were cancelled, and whose prizes or refunds are not all booked."""
    return _open(rows).filter(over_at__lte=ClockTimestamp()).filter(Q(published_at__lte=F("over_at")) | _CANCELLED)


def first_seen(rows: QuerySet[Tournament], order: str, most: int) -> list[TournamentAt]:
    """The first of `rows` with their status, in the order of one column."""
    return [tournament_at(row) for row in with_clock(rows).order_by(order, "id")[:most]]


def entries_by_day(clients: Collection[UUID] | None, *, since: date, until: date) -> dict[date, int]:
    """The number of entries into tournaments of these clients (None: all) by UTC day; days without any are missing."""
    mark = EntryMark.objects.filter(pk=1).values_list("counted_to", flat=True).first() or UUID(int=0)
    params: dict[str, Any] = {"since": since, "until": until, "mark": mark, "clients": list(clients or ())}
    with connection.cursor() as cursor:
        limit = "" if clients is None else "AND client_id = ANY(%(clients)s::uuid[])"
        cursor.execute(_ENTRIES.replace("/*own*/", limit), params)
        return {day: int(entries) for day, entries in cursor.fetchall()}


_CANCELLED = Q(cancelled_at__isnull=False)


def _open(rows: QuerySet[Tournament]) -> QuerySet[Tournament]:
    # As the condition of the index `unbooked`.
    return rows.filter(refunded_at=None, settled_at=None)


# The mark twice: as a value that the planner knows, and as this statement's snapshot has it.
_ENTRIES = """
SELECT day, sum(entries) FROM (
    SELECT day, entries FROM esports_entryday WHERE day >= %(since)s AND day <= %(until)s /*own*/
     UNION ALL
    SELECT (joined_at AT TIME ZONE 'UTC')::date, 1 FROM esports_participation
     WHERE id >= %(mark)s AND id >= coalesce((SELECT counted_to FROM esports_entrymark WHERE id = 1), %(mark)s)
       AND joined_at >= %(since)s::timestamp AT TIME ZONE 'UTC'
       AND joined_at < (%(until)s::timestamp + '1 day') AT TIME ZONE 'UTC' /*own*/) AS every
 GROUP BY day
"""
STAGES = {"live": live, "closing": closing, "awaiting": awaiting}

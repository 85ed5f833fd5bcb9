"""Duty: count participations into totals by day, each once, by the time in their ids."""

import time
from datetime import timedelta

from django.db import connection

from esports.models import EntryMark, Participation
from kgen.clock import database_now, first_id, made_at
from kgen.transactions import transactional

# Participations with ids of this age are all committed: it is much longer than the database's timeouts let a join
# take, and than the clocks of processes, which make the ids, can differ.
SETTLED_AFTER = timedelta(minutes=2)
STRETCH = timedelta(days=1)
SWEEP_SECONDS = 5.0


def count_entries() -> None:
    """Duty: bring the totals forward. Any number of sweepers may run."""
    ends = time.monotonic() + SWEEP_SECONDS
    while count_stretch() and time.monotonic() < ends:
        pass


@transactional
def count_stretch() -> bool:
    """Count the next day of ids, as far as there are any; whether there may be more."""
    mark = _mark()
    if mark is None:
        return False
    last = database_now() - SETTLED_AFTER
    begun = made_at(mark.counted_to)
    if begun >= last:
        return False
    end = first_id(min(begun + STRETCH, last))
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [mark.counted_to, end])
    EntryMark.objects.filter(pk=1).update(counted_to=end)
    return begun + STRETCH < last


def _mark() -> EntryMark | None:
    """The mark under its lock; a new one starts before the first participation. None while another sweeper holds it."""
    rows = EntryMark.objects.select_for_update(skip_locked=True).filter(pk=1)
    mark = rows.first()
    if mark is None and not EntryMark.objects.filter(pk=1).exists():
        first = Participation.objects.order_by("pk").values_list("pk", flat=True).first()
        if first is None:
            return None
        EntryMark.objects.bulk_create([EntryMark(pk=1, counted_to=first_id(made_at(first)))], ignore_conflicts=True)
        mark = rows.first()
    return mark


_COUNT = """
INSERT INTO esports_entryday AS total (client_id, day, entries)
SELECT client_id, (joined_at AT TIME ZONE 'UTC')::date, count(*)
  FROM esports_participation WHERE id >= %s AND id < %s GROUP BY 1, 2
    ON CONFLICT (client_id, day) DO UPDATE SET entries = total.entries + excluded.entries
"""

"""Duty: count each posting into the running totals once, without blocking the transactions that write postings.

The sequence hands posting ids out in order, but transactions commit in any order. The duty therefore sets a goal, the
newest id, and notes the transactions that hold the lock which every writer takes before its first id. Once all of them
have ended, every id up to the goal is committed or never will be, and the stretch can be counted for good.
"""

import time

from django.db import connection

from kgen.transactions import transactional
from wallet.models import PostingMark

# Postings of one transaction, and how long one sweep goes on with a long stretch.
STRETCH = 50_000
SWEEP_SECONDS = 5.0


def total_postings() -> int:
    """Duty: bring the totals forward. Returns how many posting ids they advanced. Any number of workers may run it."""
    ends = time.monotonic() + SWEEP_SECONDS
    counted = 0
    while (stretch := count_stretch()) and time.monotonic() < ends:
        counted += stretch
    return counted + stretch


@transactional
def count_stretch(*, most: int = STRETCH) -> int:
    """Count the next stretch up to the goal, or set a new goal. Returns how many posting ids were passed."""
    PostingMark.objects.bulk_create([PostingMark(pk=1)], ignore_conflicts=True)
    mark = PostingMark.objects.select_for_update(skip_locked=True).filter(pk=1).first()
    if mark is None:
        # Another worker is counting.
        return 0
    if mark.counted == mark.goal:
        _set_goal(mark)
    if mark.counted == mark.goal or set(mark.writers) & set(_writers()):
        return 0
    end = min(mark.goal, mark.counted + most)
    passed = end - mark.counted
    with connection.cursor() as cursor:
        # A separate statement, after reading the locks: its snapshot has what their holders committed.
        cursor.execute(_COUNT, [mark.counted, end])
    PostingMark.objects.filter(pk=1).update(counted=end)
    return passed


def _set_goal(mark: PostingMark) -> None:
    """Read the newest id first, then the writers: a transaction with an older id holds the lock by now or has ended."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM wallet_posting")
        mark.goal = max(mark.counted, cursor.fetchone()[0])
    mark.writers = _writers()
    mark.save(update_fields=["goal", "writers"])


def _writers() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_WRITERS)
        return [row[0] for row in cursor.fetchall()]


# The lock that every INSERT takes before it asks for an id, and keeps to its transaction's end.
_WRITERS = """
SELECT virtualtransaction FROM pg_locks
 WHERE locktype = 'relation' AND relation = 'wallet_posting'::regclass
   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND granted AND mode = 'RowExclusiveLock' AND pid <> pg_backend_pid()
"""
_COUNT = """
WITH moved AS (
    SELECT t.client_id, p.currency, (t.created_at AT TIME ZONE 'UTC')::date AS day, t.kind, s.kind AS source,
           d.kind AS destination, sum(p.amount::numeric) AS moved, count(*) AS postings
      FROM wallet_posting p
      JOIN wallet_transaction t ON t.id = p.transaction_id
      JOIN wallet_account s ON s.id = p.source_id
      JOIN wallet_account d ON d.id = p.destination_id
     WHERE p.id > %s AND p.id <= %s GROUP BY 1, 2, 3, 4, 5, 6
), days AS (
    INSERT INTO wallet_daytotal AS total (client_id, currency, day, kind, source, destination, moved, postings)
    SELECT * FROM moved
        ON CONFLICT (client_id, day, currency, kind, source, destination)
        DO UPDATE SET moved = total.moved + excluded.moved, postings = total.postings + excluded.postings
)
INSERT INTO wallet_kindtotal AS total (client_id, currency, kind, held)
SELECT client_id, currency, side, sum(change)
  FROM (SELECT client_id, currency, destination AS side, moved AS change FROM moved
         UNION ALL SELECT client_id, currency, source, -moved FROM moved) AS sides
 GROUP BY client_id, currency, side
    ON CONFLICT (client_id, currency, kind) DO UPDATE SET held = total.held + excluded.held
"""

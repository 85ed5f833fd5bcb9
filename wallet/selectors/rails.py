"""What the database itself says of payouts: which one it is, and which rails run."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Count, Min, Q, Sum

from wallet.models import PauseReason, PayoutRail, State, Withdrawal
from wallet.selectors.queue import IS_UNPAID

COUNTED_TO = 1000


def system_marker() -> str:
    """Names this very database in this very line of history.

    A point-in-time recovery or a failover begins a new timeline; a dump comes back under new object ids, in another
    database, or in another cluster. A byte-for-byte copy of the files alone cannot be told from the original.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MARKER)
        return str(cursor.fetchone()[0])


def paused_rails() -> dict[str, PauseReason]:
    """Why each rail that does not run does not."""
    return {rail.name: PauseReason(rail.pause) for rail in PayoutRail.objects.exclude(pause="")}


@dataclass(frozen=True)
class RailQueue:
    """What waits for a rail: how many (counted to one past `COUNTED_TO`), their sum, and since when the oldest."""

    count: int
    amount: int
    oldest: datetime | None
    reviews: int


def rail_queue(name: str) -> RailQueue:
    """The unsettled withdrawals of one rail."""
    rows = Withdrawal.objects.filter(rail=name)
    unpaid = rows.filter(IS_UNPAID).order_by("next_attempt_at", "id")
    waiting = unpaid.values("amount", "created_at")[: COUNTED_TO + 1]
    found = waiting.aggregate(count=Count("*"), amount=Sum("amount", default=0), oldest=Min("created_at"))
    # Named with the mark that every review has, for the index of marks.
    reviews = rows.filter(~Q(review=""), state=State.NEEDS_REVIEW).order_by("created_at")[: COUNTED_TO + 1].count()
    return RailQueue(**found, reviews=reviews)


_MARKER = """
SELECT (SELECT system_identifier FROM pg_control_system()) || ':'
    || (SELECT timeline_id FROM pg_control_checkpoint()) || ':'
    || (SELECT oid FROM pg_database WHERE datname = current_database()) || ':'
    || 'wallet_withdrawal'::regclass::oid
"""

"""The identity of this database, and the state of its payout rails."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Count, Min, Q, Sum

from wallet.models import PauseReason, PayoutRail, State, Withdrawal
from wallet.selectors.queue import IS_UNPAID

COUNTED_TO = 1000


def system_marker() -> str:
    """A name for this database in this line of its history.

    A point-in-time recovery or a failover begins a new timeline; a restored dump has new object ids, another database
    or another cluster. Only a byte-for-byte copy of the files has the same marker as the original.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MARKER)
        return str(cursor.fetchone()[0])


def paused_rails() -> dict[str, PauseReason]:
    """The reason of the pause, for each rail that is paused."""
    return {rail.name: PauseReason(rail.pause) for rail in PayoutRail.objects.exclude(pause="")}


@dataclass(frozen=True)
class RailQueue:
    """The payouts that wait for a rail: their number (up to one past `COUNTED_TO`), sum, and oldest request."""

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
    # Every review has a mark; the condition names it so that the partial index of marks serves.
    reviews = rows.filter(~Q(review=""), state=State.NEEDS_REVIEW).order_by("created_at")[: COUNTED_TO + 1].count()
    return RailQueue(**found, reviews=reviews)


_MARKER = """
SELECT (SELECT system_identifier FROM pg_control_system()) || ':'
    || (SELECT timeline_id FROM pg_control_checkpoint()) || ':'
    || (SELECT oid FROM pg_database WHERE datname = current_database()) || ':'
    || 'wallet_withdrawal'::regclass::oid
"""

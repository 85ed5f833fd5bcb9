"""Webhook events for what the clock changes in tournaments, each emitted once and in order."""

from uuid import UUID

from django.db.models import Q

from esports.locks import reread_under_lock
from esports.models import Tournament
from esports.webhook_events import OVER, STARTED, emit_due_events
from kgen.clock import ClockTimestamp
from kgen.transactions import transactional

AT_ONCE = 200


def announce_due(*, most: int = AT_ONCE) -> int:
    """Duty: emit events for tournaments that have started, locked or ended; how many tournaments were due."""
    due = announcements_due(most)
    for tournament_id in due:
        announce(tournament_id=tournament_id)
    return len(due)


def announcements_due(limit: int) -> list[UUID]:
    """Tournaments with an event that is not emitted yet."""
    now = ClockTimestamp()
    started = Q(announced=0, starts_at__lte=now)
    locked = Q(announced=STARTED, locks_at__lte=now)
    over = Q(announced__lt=OVER, over_at__lte=now)
    rows = Tournament.objects.filter(started | locked | over, announced__lt=OVER, published_at__lte=now)
    return list(rows.order_by("over_at", "id").values_list("pk", flat=True)[:limit])


@transactional
def announce(*, tournament_id: UUID) -> None:
    """Emit the due events of one tournament, in order; nothing while another transaction holds its row."""
    rows = Tournament.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=tournament_id)
    if rows.first():
        emit_due_events(reread_under_lock(tournament_id))

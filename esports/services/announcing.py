"""Telling studios what the clock has done to their tournaments, each once and in its order."""

from uuid import UUID

from django.db.models import Q

from esports.lifecycle import Status
from esports.locks import see_again
from esports.models import Tournament
from esports.selectors.tournaments import Seen
from kgen.clock import ClockTimestamp
from kgen.transactions import journey
from kgen.webhooks.events import tell

STARTED, LOCKED, OVER = 1, 2, 3
AT_ONCE = 200


def announce_due(*, most: int = AT_ONCE) -> int:
    """Duty: tell of tournaments that have started, locked or ended since; how many were looked at."""
    due = announcements_due(most)
    for tournament_id in due:
        announce(tournament_id=tournament_id)
    return len(due)


def announcements_due(limit: int) -> list[UUID]:
    """Tournaments of which there is something new to tell."""
    now = ClockTimestamp()
    started = Q(announced=0, starts_at__lte=now)
    locked = Q(announced=STARTED, locks_at__lte=now)
    over = Q(announced__lt=OVER, over_at__lte=now)
    rows = Tournament.objects.filter(started | locked | over, announced__lt=OVER, published_at__lte=now)
    return list(rows.order_by("over_at", "id").values_list("pk", flat=True)[:limit])


@journey
def announce(*, tournament_id: UUID) -> None:
    """Write the events that one tournament has not told yet, in their order; nothing where somebody is at it."""
    held = Tournament.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=tournament_id).first()
    if held is None:
        return
    seen = see_again(tournament_id)
    events = _events(seen)
    for step, type in events:
        tell(held.client_id, type, {"tournament_uid": str(tournament_id), "status": seen.status.value})
        held.announced = step
    Tournament.objects.filter(pk=tournament_id).update(announced=held.announced)


def _events(seen: Seen) -> list[tuple[int, str]]:
    """What is to be told up to now. A status of no length never was; completed and cancelled exclude each other."""
    row, told = seen.tournament, seen.tournament.announced
    end = min(filter(None, (row.ends_at, row.cancelled_at)))
    events = []
    if told < STARTED and row.starts_at <= seen.now and row.starts_at < min(row.locks_at, end):
        events.append((STARTED, "tournament.started"))
    if told < LOCKED and row.locks_at <= seen.now and row.locks_at < end:
        events.append((LOCKED, "tournament.locked"))
    if told < OVER and seen.status in (Status.COMPLETED, Status.CANCELLED):
        events.append((OVER, f"tournament.{seen.status.value.lower()}"))
    return events

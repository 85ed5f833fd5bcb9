"""What a studio's webhooks are told of a tournament: each event once, and in its order."""

from esports.lifecycle import Status
from esports.models import Tournament
from esports.selectors.tournaments import TournamentAt
from kgen.webhooks.events import emit

STARTED, LOCKED, OVER = 1, 2, 3


def emit_due_events(current: TournamentAt) -> None:
    """Write the events that the tournament has not told yet. Its row must be held, and was seen after that."""
    tournament = current.tournament
    events = _events(current)
    for _, type in events:
        # The status that the event is about: by the time that it is told there may be a later one.
        status = type.removeprefix("tournament.").upper()
        emit(tournament.client_id, type, {"tournament_uid": str(tournament.pk), "status": status})
    if events:
        Tournament.objects.filter(pk=tournament.pk).update(announced=events[-1][0])


def _events(current: TournamentAt) -> list[tuple[int, str]]:
    """What is to be told up to now. A status of no length never was; completed and cancelled exclude each other."""
    row, told = current.tournament, current.tournament.announced
    end = min(filter(None, (row.ends_at, row.cancelled_at)))
    events = []
    if told < STARTED and row.starts_at <= current.now and row.starts_at < min(row.locks_at, end):
        events.append((STARTED, "tournament.started"))
    if told < LOCKED and row.locks_at <= current.now and row.locks_at < end:
        events.append((LOCKED, "tournament.locked"))
    if told < OVER and current.status in (Status.COMPLETED, Status.CANCELLED):
        events.append((OVER, f"tournament.{current.status.value.lower()}"))
    return events

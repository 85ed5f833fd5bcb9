"""A tournament's webhook events: each emitted once, and in order."""

from typing import Any

from rest_framework import serializers

from esports.lifecycle import Status
from esports.models import Tournament
from esports.selectors.tournaments import TournamentAt
from kgen.webhooks.catalogue import EventType
from kgen.webhooks.events import emit


class TournamentStatusData(serializers.Serializer[Any]):
    """A tournament and the status that it came to."""

    tournament_uid = serializers.UUIDField()
    status = serializers.ChoiceField(["STARTED", "LOCKED", "COMPLETED", "CANCELLED"])


EVENTS = (
    EventType("tournament.started", "A tournament has started.", TournamentStatusData),
    EventType("tournament.locked", "A tournament takes no more gamers.", TournamentStatusData),
    EventType("tournament.completed", "A tournament is over; its settlement follows.", TournamentStatusData),
    EventType("tournament.cancelled", "A tournament is cancelled; stakes are refunded.", TournamentStatusData),
)
STARTED, LOCKED, OVER = 1, 2, 3


def emit_due_events(current: TournamentAt) -> None:
    """Emit the tournament's due events. The caller holds its row and has read `current` under that lock."""
    tournament = current.tournament
    events = _events(current)
    for _, type in events:
        # The status that the event is about, which may not be the present one any more.
        status = type.removeprefix("tournament.").upper()
        emit(tournament.client_id, type, {"tournament_uid": str(tournament.pk), "status": status})
    if events:
        Tournament.objects.filter(pk=tournament.pk).update(announced=events[-1][0])


def _events(current: TournamentAt) -> list[tuple[int, str]]:
    """The due events. A status of no length has none; completed and cancelled exclude each other."""
    row, emitted, end = current.tournament, current.tournament.announced, current.tournament.over_at
    events = []
    if emitted < STARTED and row.starts_at <= current.now and row.starts_at < min(row.locks_at, end):
        events.append((STARTED, "tournament.started"))
    if emitted < LOCKED and row.locks_at <= current.now and row.locks_at < end:
        events.append((LOCKED, "tournament.locked"))
    if emitted < OVER and current.status in (Status.COMPLETED, Status.CANCELLED):
        events.append((OVER, f"tournament.{current.status.value.lower()}"))
    return events

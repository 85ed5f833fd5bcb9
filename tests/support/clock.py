"""Moving a tournament through time by moving its times."""

from datetime import timedelta

from django.db.models import F

from esports.lifecycle import TIMES
from esports.models import Tournament
from kgen.clock import database_now


def shift(uid: str, by: timedelta) -> None:
    """Move all five times of a tournament."""
    Tournament.objects.filter(pk=uid).update(**{name: F(name) + by for name in TIMES})


def end(uid: str) -> None:
    """Let a running tournament end this moment."""
    tournament = Tournament.objects.get(pk=uid)
    now = database_now()
    Tournament.objects.filter(pk=uid).update(
        schedules_at=min(tournament.schedules_at, now),
        moves_to_lobby_at=min(tournament.moves_to_lobby_at, now),
        starts_at=min(tournament.starts_at, now),
        locks_at=min(tournament.locks_at, now),
        ends_at=now,
    )

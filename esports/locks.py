"""Taking the locks of play, and reading the clock once they are held."""

from uuid import UUID

from django.db import connection

from esports.errors import ParticipationNotFound
from esports.models import Participation, Seats
from esports.selectors.tournaments import Seen, see


def lock_seats(tournament_id: UUID) -> Seats:
    """Hold the field of a tournament: nobody joins, leaves, cancels or changes it meanwhile."""
    return Seats.objects.select_for_update().get(pk=tournament_id)


def claim_sweep(tournament_id: UUID) -> bool:
    """Be the one sweep that is at work on a tournament until the transaction ends; False where another is.

    Not the field's own lock, which sweeps wait for: somebody's join must not turn them away.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"sweep:{tournament_id}"])
        return bool(cursor.fetchone()[0])


def lock_participation(tournament_id: UUID, gamer_id: UUID) -> Participation:
    """Hold the gamer's live stay: no score, leave or refund of it meanwhile.

    :raises ParticipationNotFound: there is none.
    """
    row = (
        Participation.objects.select_for_update().filter(tournament=tournament_id, gamer=gamer_id, left_at=None).first()
    )
    if row is None:
        raise ParticipationNotFound()
    return row


def lock_stay(participation_id: UUID) -> Participation:
    """Hold one stay, also one that was left. The tournament's seats must be held before it."""
    return Participation.objects.select_for_update().get(pk=participation_id)


def lock_field(tournament_id: UUID) -> None:
    """Hold every live stay of a tournament, in id order: no score, leave or refund meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_FIELD, [tournament_id])


def see_again(tournament_id: UUID) -> Seen:
    """The tournament and the clock as they are now: asked in a statement of its own, after the locks.

    A clock read in the locking statement would not be asked again after a wait.
    """
    found = see(tournament_id)
    assert found is not None, "the caller has found it before, and tournaments are never removed"
    return found


def take_seat(tournament_id: UUID) -> bool:
    """Take one seat by one conditional UPDATE, before anything refers to it; False when all are taken."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [tournament_id])
        return bool(cursor.rowcount == 1)


_LOCK_FIELD = """
SELECT count(*) FROM (SELECT 1 FROM esports_participation
                       WHERE tournament_id = %s AND left_at IS NULL ORDER BY id FOR UPDATE) AS field
"""
_TAKE = """
UPDATE esports_seats SET taken = taken + 1, ever_taken = true WHERE tournament_id = %s AND taken < size
"""

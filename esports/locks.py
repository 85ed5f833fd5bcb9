"""Taking the locks of play, reading the clock once they are held, and filling the field that they hold."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from esports.models import Participation, Seats
from esports.selectors.tournaments import TournamentAt, read_tournament
from kgen.arrays import array, arrays


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


class LockedParticipation(NamedTuple):
    """As much of a participation as scoring needs. Its id is text, which only goes back into statements."""

    id: str
    score: int | None
    refunded_at: datetime | None
    disqualified_at: datetime | None


def lock_participations(places: Collection[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], LockedParticipation]:
    """Hold the live stays of (tournament, gamer), in id order; those that are none are missing."""
    if not places:
        return {}
    asked = list(places)
    tournaments, gamers = zip(*asked, strict=True)
    found = lock_participation_list(tournaments, gamers)
    return {place: stay for place, stay in zip(asked, found, strict=True) if stay is not None}


def lock_participation_list(
    tournaments: Sequence[object], gamers: Sequence[object]
) -> list[LockedParticipation | None]:
    """Hold the live stay of each gamer in the tournament beside it, in id order; None where there is none."""
    found: list[LockedParticipation | None] = [None] * len(gamers)
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_STAYS, [array(tournaments), array(gamers)])
        for number, *stay in cursor.fetchall():
            found[number - 1] = LockedParticipation._make(stay)
    return found


def lock_participation(participation_id: UUID) -> Participation:
    """Hold one stay, also one that was left. The tournament's seats must be held before it."""
    return Participation.objects.select_for_update().get(pk=participation_id)


def lock_all_participations(tournament_id: UUID) -> None:
    """Hold every live stay of a tournament, in id order: no score, leave or refund meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_FIELD, [tournament_id])


def reread_under_lock(tournament_id: UUID) -> TournamentAt:
    """The tournament and the clock as they are now: asked in a statement of its own, after the locks.

    A clock read in the locking statement would not be asked again after a wait.
    """
    found = read_tournament(tournament_id)
    assert found is not None, "the caller has found it before, and tournaments are never removed"
    return found


def lock_free_seats(tournament_ids: Collection[UUID]) -> dict[UUID, int]:
    """Hold the fields of tournaments, in id order; how many seats each has left."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_SEATS, [list(tournament_ids)])
        return dict(cursor.fetchall())


def participating(places: Collection[tuple[UUID, UUID]]) -> set[tuple[UUID, UUID]]:
    """Those of (tournament, gamer) where a live stay is."""
    with connection.cursor() as cursor:
        cursor.execute(_PLACES_TAKEN, arrays(places))
        return set(cursor.fetchall())


def insert_participations(stays: Sequence[tuple[UUID, UUID, UUID, UUID, int, datetime]]) -> None:
    """Write new stays (id, client, tournament, gamer, stake, joined_at) into the seats of fields that are held."""
    if not stays:
        return
    taken = Counter(stay[2] for stay in stays)
    with connection.cursor() as cursor:
        columns = [list(column) for column in zip(*stays, strict=True)]
        cursor.execute(_ADD_STAYS, [list(taken), list(taken.values()), *columns])


def queue_for_bulk(tournament_id: UUID) -> None:
    """Wait until no other bulk call is at work on a tournament; until the transaction ends.

    They have most of their rows in common: without a queue each would hold a part of its rows while it waits for
    the next, all of them for so long that locks time out.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"bulk:{tournament_id}"])


def end_participations(left: Sequence[tuple[str, UUID, datetime]]) -> None:
    """End stays (id, tournament, left_at) that are held, with their fields, and free their seats."""
    if not left:
        return
    freed = Counter(tournament_id for _, tournament_id, _ in left)
    stays, _, moments = zip(*left, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_END_STAYS, [list(freed), list(freed.values()), array(stays), list(moments)])


_LOCK_STAYS = """
SELECT place.number, stay.id::text, stay.score, stay.refunded_at, stay.disqualified_at
  FROM unnest(%s::uuid[], %s::uuid[]) WITH ORDINALITY AS place (tournament_id, gamer_id, number)
  JOIN esports_participation stay
    ON (stay.tournament_id, stay.gamer_id) = (place.tournament_id, place.gamer_id) AND stay.left_at IS NULL
 ORDER BY stay.id FOR UPDATE OF stay
"""
_LOCK_FIELD = """
SELECT count(*) FROM (SELECT 1 FROM esports_participation
                       WHERE tournament_id = %s AND left_at IS NULL ORDER BY id FOR UPDATE) AS field
"""
# Nothing refers to a row of seats: who holds one keeps nobody from its tournament.
_LOCK_SEATS = """
SELECT tournament_id, size - taken FROM esports_seats
 WHERE tournament_id = ANY(%s::uuid[]) ORDER BY tournament_id FOR UPDATE
"""
_PLACES_TAKEN = """
SELECT stay.tournament_id, stay.gamer_id
  FROM unnest(%s::uuid[], %s::uuid[]) AS place (tournament_id, gamer_id)
  JOIN esports_participation stay
    ON (stay.tournament_id, stay.gamer_id) = (place.tournament_id, place.gamer_id) AND stay.left_at IS NULL
"""
_ADD_STAYS = """
WITH seats AS (
    UPDATE esports_seats AS seats SET taken = seats.taken + new.count, ever_taken = true
      FROM unnest(%s::uuid[], %s::bigint[]) AS new (tournament_id, count)
     WHERE seats.tournament_id = new.tournament_id
)
INSERT INTO esports_participation (id, client_id, tournament_id, gamer_id, stake, joined_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::bigint[], %s::timestamptz[])
"""
_END_STAYS = """
WITH seats AS (
    UPDATE esports_seats AS seats SET taken = seats.taken - freed.count
      FROM unnest(%s::uuid[], %s::bigint[]) AS freed (tournament_id, count)
     WHERE seats.tournament_id = freed.tournament_id
)
UPDATE esports_participation AS stay SET left_at = ended.left_at
  FROM unnest(%s::uuid[], %s::timestamptz[]) AS ended (id, left_at)
 WHERE stay.id = ended.id
"""

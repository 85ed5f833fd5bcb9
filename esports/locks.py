"""The locks of play, reads of the clock under them, and writes to the fields that they hold."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from esports.models import Participation, Seats
from esports.selectors.tournaments import TournamentAt, read_tournament
from esports.sql import LIVE, LIVE_ENTRANTS
from kgen.arrays import array, arrays
from kgen.statements import Select
from kgen.transactions import check_in_transaction


def lock_seats(tournament_id: UUID) -> Seats:
    """Lock the field of a tournament: meanwhile nobody joins, leaves, cancels or changes it."""
    return Seats.objects.select_for_update().get(pk=tournament_id)


def claim_sweep(tournament_id: UUID) -> bool:
    """Become the one sweep that works on a tournament, until the transaction ends; False if another one does.

    This is not the field's own lock, which sweeps wait for: a join must not turn a sweep away.
    """
    check_in_transaction()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"sweep:{tournament_id}"])
        return bool(cursor.fetchone()[0])


class LockedParticipation(NamedTuple):
    """The columns of a participation that scoring and leaving need. `id` is text: it only goes back into statements."""

    id: str
    score: int | None
    refunded_at: datetime | None
    disqualified_at: datetime | None


def lock_participations(entrants: Collection[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], LockedParticipation]:
    """Lock the live participations of these entrants, as (tournament, gamer), in id order. Entrants without one are
    missing from the result."""
    if not entrants:
        return {}
    pairs = list(entrants)
    tournaments, gamers = zip(*pairs, strict=True)
    locked = lock_participation_list(tournaments, gamers)
    return {pair: participation for pair, participation in zip(pairs, locked, strict=True) if participation}


def lock_participation_list(
    tournaments: Sequence[object], gamers: Sequence[object]
) -> list[LockedParticipation | None]:
    """Lock each gamer's live participation in the tournament at the same index, in id order; None where there is
    none."""
    check_in_transaction()
    locked: list[LockedParticipation | None] = [None] * len(gamers)
    for number, participation in _LOCK_PARTICIPATIONS.keyed([array(tournaments), array(gamers)]):
        locked[number - 1] = participation
    return locked


def lock_participation(participation_id: UUID) -> Participation:
    """Lock one participation, live or left. The caller must hold the tournament's seats."""
    return Participation.objects.select_for_update().get(pk=participation_id)


def lock_all_participations(tournament_id: UUID) -> None:
    """Lock every live participation of a tournament, in id order: no score, leave or refund meanwhile."""
    check_in_transaction()
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_FIELD, [tournament_id])


def reread_under_lock(tournament_id: UUID) -> TournamentAt:
    """The tournament and the clock as they are now, read by a statement of its own after the locks.

    The statement that locks would not read the clock again after a wait.
    """
    current = read_tournament(tournament_id)
    assert current is not None, "the caller has read it before, and tournaments are never removed"
    return current


def lock_free_seats(tournament_ids: Collection[UUID]) -> dict[UUID, int]:
    """Lock the fields of tournaments, in id order; the number of free seats of each."""
    check_in_transaction()
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_SEATS, [list(tournament_ids)])
        return dict(cursor.fetchall())


def participating(entrants: Collection[tuple[UUID, UUID]]) -> set[tuple[UUID, UUID]]:
    """The entrants, as (tournament, gamer), with a live participation."""
    with connection.cursor() as cursor:
        cursor.execute(_PARTICIPATING, arrays(entrants))
        return set(cursor.fetchall())


class NewParticipation(NamedTuple):
    """A participation to write. The fields are the columns of the INSERT, in its order."""

    id: UUID
    client_id: UUID
    tournament_id: UUID
    gamer_id: UUID
    stake: int
    joined_at: datetime


def insert_participations(joined: Sequence[NewParticipation]) -> None:
    """Write participations into fields that the caller holds, and take their seats."""
    check_in_transaction()
    if not joined:
        return
    taken = Counter(participation.tournament_id for participation in joined)
    columns = [list(column) for column in zip(*joined, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [list(taken), list(taken.values()), *columns])


def queue_for_bulk(tournament_id: UUID) -> None:
    """Wait until no other bulk call works on a tournament; the turn lasts until the transaction ends.

    Bulk calls have most of their rows in common. Without a queue each would hold some of its rows while it waits for
    the next, all of them for so long that locks time out.
    """
    check_in_transaction()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"bulk:{tournament_id}"])


class EndedParticipation(NamedTuple):
    """A participation that its gamer leaves; `id` as in LockedParticipation."""

    id: str
    tournament_id: UUID
    left_at: datetime


def end_participations(left: Sequence[EndedParticipation]) -> None:
    """End participations and free their seats. The caller holds them and their fields."""
    check_in_transaction()
    if not left:
        return
    freed = Counter(participation.tournament_id for participation in left)
    ids = array(participation.id for participation in left)
    moments = [participation.left_at for participation in left]
    with connection.cursor() as cursor:
        cursor.execute(_END, [list(freed), list(freed.values()), ids, moments])


_LOCK_PARTICIPATIONS = Select(
    f"""
SELECT entrant.number, participation.id::text AS id, participation.score, participation.refunded_at,
       participation.disqualified_at
  FROM {LIVE_ENTRANTS}
 ORDER BY participation.id FOR UPDATE OF participation
""",
    LockedParticipation,
)
_LOCK_FIELD = f"""
SELECT count(*) FROM (SELECT 1 FROM esports_participation
                       WHERE tournament_id = %s AND {LIVE} ORDER BY id FOR UPDATE) AS field
"""
# No foreign key refers to a row of seats, so this lock delays no statement that refers to the tournament.
_LOCK_SEATS = """
SELECT tournament_id, size - taken FROM esports_seats
 WHERE tournament_id = ANY(%s::uuid[]) ORDER BY tournament_id FOR UPDATE
"""
_PARTICIPATING = f"SELECT participation.tournament_id, participation.gamer_id FROM {LIVE_ENTRANTS}"
_INSERT = f"""
WITH seats AS (
    UPDATE esports_seats AS seats SET taken = seats.taken + new.count, ever_taken = true
      FROM unnest(%s::uuid[], %s::bigint[]) AS new (tournament_id, count)
     WHERE seats.tournament_id = new.tournament_id
)
INSERT INTO esports_participation ({", ".join(NewParticipation._fields)})
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::bigint[], %s::timestamptz[])
"""
_END = """
WITH seats AS (
    UPDATE esports_seats AS seats SET taken = seats.taken - freed.count
      FROM unnest(%s::uuid[], %s::bigint[]) AS freed (tournament_id, count)
     WHERE seats.tournament_id = freed.tournament_id
)
UPDATE esports_participation AS participation SET left_at = ended.left_at
  FROM unnest(%s::uuid[], %s::timestamptz[]) AS ended (id, left_at)
 WHERE participation.id = ended.id
"""

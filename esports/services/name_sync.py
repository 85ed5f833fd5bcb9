"""Duty: write gamers' new names into their rows of boards."""

from uuid import UUID

from django.db import connection

from esports.models import Rename
from esports.sql import LIVE, names_of, order
from kgen.transactions import transactional

RENAMES_AT_ONCE, ROUNDS = 100, 10


def sync_names() -> None:
    """Duty: write new names of gamers into their rows of boards. Any number of sweepers may run.

    If a score or a settlement holds one of a gamer's participations, a later run writes the name.
    """
    for _ in range(ROUNDS):
        if sync_oldest() < RENAMES_AT_ONCE:
            return


@transactional
def sync_oldest() -> int:
    """Write the names of the oldest renames; how many of them could be written.

    No row keeps an old name. A transaction that writes a row with the old name has read it before the rename was
    committed, and holds the participation until the row is committed. This one has read the rename, so it sees that
    participation and locks it only together with its row. It waits for no lock, so it is part of no deadlock.
    """
    renames = Rename.objects.order_by("pk").select_for_update(skip_locked=True)[:RENAMES_AT_ONCE]
    renamed = dict(renames.values_list("pk", "gamer_id"))
    gamers = list(set(renamed.values()))
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [gamers, gamers])
        locked: set[UUID] = {gamer_id for (gamer_id,) in cursor.fetchall()}
        cursor.execute(_WRITE_NAMES, [list(locked)])
    written = [pk for pk, gamer_id in renamed.items() if gamer_id in locked]
    Rename.objects.filter(pk__in=written).delete()
    return len(written)


# The gamers all of whose live participations could be locked.
_LOCK = f"""
WITH locked AS MATERIALIZED (
    SELECT gamer_id FROM esports_participation
     WHERE gamer_id = ANY(%s::uuid[]) AND {LIVE} FOR NO KEY UPDATE SKIP LOCKED
)
SELECT asked.gamer_id FROM unnest(%s::uuid[]) AS asked (gamer_id)
 WHERE (SELECT count(*) FROM locked WHERE locked.gamer_id = asked.gamer_id)
     = (SELECT count(*) FROM esports_participation AS participation
         WHERE participation.gamer_id = asked.gamer_id AND participation.{LIVE})
"""
_WRITE_NAMES = f"""
UPDATE esports_leaderboardrow AS board SET username = gamer.username
  FROM esports_participation AS participation CROSS JOIN {names_of("participation.gamer_id")} AS gamer
 WHERE participation.gamer_id = ANY(%s::uuid[]) AND participation.{LIVE}
   AND board.tournament_id = participation.tournament_id AND ({order("board")}) = ({order("participation")})
   AND board.username <> gamer.username
"""

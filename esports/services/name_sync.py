"""Duty: boards show the names that gamers have now."""

from uuid import UUID

from django.db import connection

from esports.models import Rename
from kgen.transactions import transactional

RENAMES_AT_ONCE, ROUNDS = 100, 10


def sync_names() -> None:
    """Duty: write new names of gamers into their rows of boards. Any number of sweepers may.

    A gamer one of whose stays is at work, by a score or a settlement, comes with a later run.
    """
    for _ in range(ROUNDS):
        if follow_oldest() < RENAMES_AT_ONCE:
            return


@transactional
def follow_oldest() -> int:
    """Follow the oldest renames; how many could be.

    No row is left behind: who wrote one with the old name had read it before the new one was committed, and held the
    stay until the row was committed too. We know of the new name, so we see that stay, and take it only with its row.
    Nothing here waits for a lock, so nobody can wait for us in a circle.
    """
    renames = Rename.objects.order_by("pk").select_for_update(skip_locked=True)[:RENAMES_AT_ONCE]
    renamed = dict(renames.values_list("pk", "gamer_id"))
    gamers = list(set(renamed.values()))
    with connection.cursor() as cursor:
        cursor.execute(_HOLD_STAYS, [gamers, gamers])
        held: set[UUID] = {gamer_id for (gamer_id,) in cursor.fetchall()}
        cursor.execute(_NAME_ROWS, [list(held)])
    followed = [pk for pk, gamer_id in renamed.items() if gamer_id in held]
    Rename.objects.filter(pk__in=followed).delete()
    return len(followed)


# The gamers all of whose stays could be held.
_HOLD_STAYS = """
WITH held AS MATERIALIZED (
    SELECT gamer_id FROM esports_participation
     WHERE gamer_id = ANY(%s::uuid[]) AND left_at IS NULL FOR NO KEY UPDATE SKIP LOCKED
)
SELECT asked.gamer_id FROM unnest(%s::uuid[]) AS asked (gamer_id)
 WHERE (SELECT count(*) FROM held WHERE held.gamer_id = asked.gamer_id)
     = (SELECT count(*) FROM esports_participation AS stay
         WHERE stay.gamer_id = asked.gamer_id AND stay.left_at IS NULL)
"""
_NAME_ROWS = """
UPDATE esports_leaderboardrow AS place SET username = gamer.username
  FROM esports_participation AS stay JOIN users_gamer AS gamer ON gamer.id = stay.gamer_id
 WHERE stay.gamer_id = ANY(%s::uuid[]) AND stay.left_at IS NULL
   AND place.tournament_id = stay.tournament_id AND place.rank_key = stay.rank_key
   AND place.reached_at = stay.reached_at AND place.joined_at = stay.joined_at AND place.id = stay.id
   AND place.username <> gamer.username
"""

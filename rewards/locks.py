"""Taking the locks of rewards."""

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from django.db import connection


class LockedReward(NamedTuple):
    """As much of an unclaimed reward as claiming needs."""

    id: UUID
    gamer_id: UUID
    tournament_id: UUID
    amount: int


def lock_unclaimed(
    *, of: Collection[UUID], ids: Collection[UUID], places: Collection[tuple[UUID, UUID]]
) -> list[LockedReward]:
    """Hold what is unclaimed, in id order: all of these gamers, those of these ids, and those of (gamer, tournament).

    Whoever waited here for another claim finds what that has claimed missing.
    """
    with connection.cursor() as cursor:
        gamers, tournaments = zip(*places, strict=True) if places else ((), ())
        cursor.execute(_LOCK_UNCLAIMED, [list(ids), list(of), list(gamers), list(tournaments)])
        return [LockedReward(*row) for row in cursor.fetchall()]


# By id alone in the end: so there is one order of locks, whatever the claims are for.
_LOCK_UNCLAIMED = """
SELECT id, gamer_id, tournament_id, amount FROM rewards_reward
 WHERE status = 'UNCLAIMED' AND id = ANY(%s::uuid[] || ARRAY(
           SELECT id FROM rewards_reward WHERE status = 'UNCLAIMED' AND gamer_id = ANY(%s::uuid[])
            UNION ALL
           SELECT reward.id
             FROM unnest(%s::uuid[], %s::uuid[]) AS place (gamer_id, tournament_id),
                  LATERAL (SELECT id FROM rewards_reward
                            WHERE status = 'UNCLAIMED' AND gamer_id = place.gamer_id
                              AND tournament_id = place.tournament_id LIMIT 1) AS reward))
 ORDER BY id FOR UPDATE
"""

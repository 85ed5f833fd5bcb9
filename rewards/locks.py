"""The locks of rewards."""

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from kgen.statements import Select
from kgen.transactions import check_in_transaction


class LockedReward(NamedTuple):
    """The columns of an unclaimed reward that claiming needs."""

    id: UUID
    gamer_id: UUID
    tournament_id: UUID
    amount: int


def lock_unclaimed(
    *, gamers: Collection[UUID], ids: Collection[UUID], entrants: Collection[tuple[UUID, UUID]]
) -> list[LockedReward]:
    """Lock unclaimed rewards, in id order: all of these gamers', those of these ids, and those of (tournament, gamer).

    Rewards that another claim takes while this one waits are missing from the result.
    """
    check_in_transaction()
    tournaments, of_tournaments = zip(*entrants, strict=True) if entrants else ((), ())
    return _LOCK_UNCLAIMED.all([list(ids), list(gamers), list(tournaments), list(of_tournaments)])


# By id alone in the end, so that there is one order of locks for all claims.
_LOCK_UNCLAIMED = Select(
    """
SELECT id, gamer_id, tournament_id, amount FROM rewards_reward
 WHERE status = 'UNCLAIMED' AND id = ANY(%s::uuid[] || ARRAY(
           SELECT id FROM rewards_reward WHERE status = 'UNCLAIMED' AND gamer_id = ANY(%s::uuid[])
            UNION ALL
           SELECT reward.id
             FROM unnest(%s::uuid[], %s::uuid[]) AS entrant (tournament_id, gamer_id),
                  LATERAL (SELECT id FROM rewards_reward
                            WHERE status = 'UNCLAIMED' AND gamer_id = entrant.gamer_id
                              AND tournament_id = entrant.tournament_id LIMIT 1) AS reward))
 ORDER BY id FOR UPDATE
""",
    LockedReward,
)

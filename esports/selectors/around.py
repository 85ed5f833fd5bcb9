"""The places about many gamers at once, as JSON made by the database: Python has no need to look at them."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from esports.selectors.boards import BoardEntry
from kgen.arrays import array, arrays


class NearbyRows(NamedTuple):
    """A page of a board about a gamer: its rows, and the last one's sort key where more follow, as JSON text."""

    rows: str
    last_key: str | None


def near(tournament_id: UUID, mine: Sequence[BoardEntry], ranks: Sequence[int], limit: int) -> list[NearbyRows | None]:
    """For each of `mine`, whose ranks are given, `limit` places, half of them better.

    None where fewer than that are better, or where the rank is behind what is seen here. Rows are
    `{"user_id", "score", "rank", "username"}`, best first.
    """
    better, others = limit // 2, limit - limit // 2
    keys = arrays(row.key for row in mine)
    with connection.cursor() as cursor:
        cursor.execute(
            _NEAR,
            [*keys, array(ranks), others - 1, others, others - 1, tournament_id, better, tournament_id, others + 1],
        )
        found = {
            id: (count, NearbyRows(rows, last if more else None)) for id, count, rows, more, last in cursor.fetchall()
        }
    return [
        page if count == better < rank else None
        for rank, (count, page) in zip(ranks, (found[row.id] for row in mine), strict=True)
    ]


# Rows are put together as text: with json_build_object that takes five times as long.
_NEAR = """
SELECT mine.id, page.*
  FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::uuid[], %s::bigint[])
       AS mine (rank_key, reached_at, joined_at, id, rank)
 CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE stay.rank < mine.rank) AS better,
           concat('[', string_agg(
               concat('{"user_id":', to_json(stay.user_id), ',"score":', stay.score, ',"rank":', stay.rank,
                      ',"username":', to_json(stay.username), '}'), ',' ORDER BY stay.rank
           ) FILTER (WHERE stay.rank <= mine.rank + %s), ']') AS rows,
           bool_or(stay.rank = mine.rank + %s) AS more,
           (json_agg(json_build_array(stay.rank_key, stay.reached_at, stay.joined_at, stay.id))
               FILTER (WHERE stay.rank = mine.rank + %s) -> 0)::text AS last_key
      FROM (
        (SELECT near.id, near.rank_key, near.reached_at, near.joined_at, near.score, near.user_id, near.username,
                mine.rank - row_number() OVER (
                    ORDER BY near.rank_key DESC, near.reached_at DESC, near.joined_at DESC, near.id DESC) AS rank
           FROM esports_leaderboardrow AS near
          WHERE near.tournament_id = %s
            AND (near.rank_key, near.reached_at, near.joined_at, near.id)
              < (mine.rank_key, mine.reached_at, mine.joined_at, mine.id)
          ORDER BY near.rank_key DESC, near.reached_at DESC, near.joined_at DESC, near.id DESC LIMIT %s)
        UNION ALL
        (SELECT near.id, near.rank_key, near.reached_at, near.joined_at, near.score, near.user_id, near.username,
                mine.rank - 1 + row_number() OVER (
                    ORDER BY near.rank_key, near.reached_at, near.joined_at, near.id) AS rank
           FROM esports_leaderboardrow AS near
          WHERE near.tournament_id = %s
            AND (near.rank_key, near.reached_at, near.joined_at, near.id)
              >= (mine.rank_key, mine.reached_at, mine.joined_at, mine.id)
          ORDER BY near.rank_key, near.reached_at, near.joined_at, near.id LIMIT %s)
      ) AS stay
 ) AS page
"""

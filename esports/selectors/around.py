"""The places about many gamers at once, as JSON made by the database: Python has no need to look at them."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from esports.selectors.boards import Standing


class Near(NamedTuple):
    """A page of a board about a gamer: its rows as JSON text, and the last one's sort key where more follow."""

    rows: str
    last_key: list[Any] | None


def near(tournament_id: UUID, mine: Sequence[Standing], ranks: Sequence[int], limit: int) -> list[Near | None]:
    """For each of `mine`, whose ranks are given, `limit` places, half of them better.

    None where fewer than that are better, or where the rank is behind what is seen here. Rows are
    `{"user_id", "score", "rank", "username"}`, best first.
    """
    better, others = limit // 2, limit - limit // 2
    keys = [list(column) for column in zip(*(row.key for row in mine), strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(
            _NEAR,
            [*keys, list(ranks), others - 1, others, others - 1, tournament_id, better, tournament_id, others + 1],
        )
        found = {id: (count, Near(rows, _key(more, last))) for id, count, rows, more, last in cursor.fetchall()}
    return [
        page if count == better < rank else None
        for rank, (count, page) in zip(ranks, (found[row.id] for row in mine), strict=True)
    ]


def _key(more: bool, last: str | None) -> list[Any] | None:
    key: list[Any] | None = json.loads(last) if more and last else None
    return key


_NEAR = """
SELECT mine.id, page.*
  FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::uuid[], %s::bigint[])
       AS mine (rank_key, reached_at, joined_at, id, rank)
 CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE stay.rank < mine.rank) AS better,
           json_agg(
               json_build_object('user_id', gamer.user_id, 'score', stay.score, 'rank', stay.rank,
                                 'username', gamer.username) ORDER BY stay.rank
           ) FILTER (WHERE stay.rank <= mine.rank + %s)::text AS rows,
           bool_or(stay.rank = mine.rank + %s) AS more,
           (json_agg(json_build_array(stay.rank_key, stay.reached_at, stay.joined_at, stay.id))
               FILTER (WHERE stay.rank = mine.rank + %s) -> 0)::text AS last_key
      FROM (
        (SELECT near.*, mine.rank - row_number() OVER (
                    ORDER BY near.rank_key DESC, near.reached_at DESC, near.joined_at DESC, near.id DESC) AS rank
           FROM esports_participation AS near
          WHERE near.tournament_id = %s AND near.rank_key IS NOT NULL
            AND (near.rank_key, near.reached_at, near.joined_at, near.id)
              < (mine.rank_key, mine.reached_at, mine.joined_at, mine.id)
          ORDER BY near.rank_key DESC, near.reached_at DESC, near.joined_at DESC, near.id DESC LIMIT %s)
        UNION ALL
        (SELECT near.*, mine.rank - 1 + row_number() OVER (
                    ORDER BY near.rank_key, near.reached_at, near.joined_at, near.id) AS rank
           FROM esports_participation AS near
          WHERE near.tournament_id = %s AND near.rank_key IS NOT NULL
            AND (near.rank_key, near.reached_at, near.joined_at, near.id)
              >= (mine.rank_key, mine.reached_at, mine.joined_at, mine.id)
          ORDER BY near.rank_key, near.reached_at, near.joined_at, near.id LIMIT %s)
      ) AS stay
      -- One look into the index for each, however many rows a plan for any values reckons with.
      CROSS JOIN LATERAL (SELECT user_id, username FROM users_gamer WHERE id = stay.gamer_id LIMIT 1) AS gamer
 ) AS page
"""

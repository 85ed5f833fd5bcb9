"""Pages of a board around many gamers at once, as JSON that the database makes: Python never looks at the rows."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from esports.selectors.boards import BoardEntry, BoardRow, entry_columns
from esports.sql import SORT_KEYS, order, reverse_order
from kgen.arrays import array, arrays
from kgen.statements import Select


class NearbyRows(NamedTuple):
    """A page of a board around a gamer: its rows, and the last one's sort key if more follow, both as JSON text."""

    rows: str
    last_key: str | None


class _Page(NamedTuple):
    """A page as the statement makes it; `better` counts its rows above the centre."""

    better: int
    rows: str
    more: bool
    last_key: str


def near(
    tournament_id: UUID, centres: Sequence[BoardEntry], ranks: Sequence[int], limit: int
) -> list[NearbyRows | None]:
    """For each of `centres`, whose ranks are given, a page of `limit` rows, half of them better.

    None where fewer than half are better, or where the rank lags behind what this statement sees. Rows are JSON as
    `BoardRow`, best first.
    """
    better, others = limit // 2, limit - limit // 2
    keys = arrays(centre.key for centre in centres)
    limits = [others - 1, others, others - 1, tournament_id, better, tournament_id, others + 1]
    pages = dict(_NEAR.keyed([*keys, array(ranks), *limits]))
    return [_rows(pages[centre.id], better, rank) for centre, rank in zip(centres, ranks, strict=True)]


def _rows(page: _Page, better: int, rank: int) -> NearbyRows | None:
    return NearbyRows(page.rows, page.last_key if page.more else None) if page.better == better < rank else None


def _json(row: str) -> str:
    """A `BoardRow` as JSON, put together as text: json_build_object takes five times as long."""
    texts = {"user_id", "username"}
    members = [
        f"""'"{name}":', {f"to_json({row}.{name})" if name in texts else f"{row}.{name}"}"""
        for name in BoardRow.__struct_fields__
    ]
    return f"concat('{{', {''', ',', '''.join(members)}, '}}')"


_ENTRY = entry_columns("board", "board")
_NEAR = Select(
    f"""
SELECT centre.id, page.*
  FROM unnest({SORT_KEYS}, %s::bigint[]) AS centre ({order()}, rank)
 CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE near.rank < centre.rank) AS better,
           concat('[', string_agg({_json("near")}, ',' ORDER BY near.rank)
                       FILTER (WHERE near.rank <= centre.rank + %s), ']') AS rows,
           bool_or(near.rank = centre.rank + %s) AS more,
           (json_agg(json_build_array({order("near")}))
               FILTER (WHERE near.rank = centre.rank + %s) -> 0)::text AS last_key
      FROM (
        (SELECT {_ENTRY}, centre.rank - row_number() OVER (ORDER BY {reverse_order("board")}) AS rank
           FROM esports_leaderboardrow AS board
          WHERE board.tournament_id = %s AND ({order("board")}) < ({order("centre")})
          ORDER BY {reverse_order("board")} LIMIT %s)
        UNION ALL
        (SELECT {_ENTRY}, centre.rank - 1 + row_number() OVER (ORDER BY {order("board")}) AS rank
           FROM esports_leaderboardrow AS board
          WHERE board.tournament_id = %s AND ({order("board")}) >= ({order("centre")})
          ORDER BY {order("board")} LIMIT %s)
      ) AS near
 ) AS page
""",
    _Page,
)

"""Pages of a board around many gamers at once, as JSON that the database makes: Python never looks at the rows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from esports.selectors.boards import BoardEntry, BoardRow, entry_columns
from esports.selectors.ranks import ahead_of, ranks_of
from esports.sql import SORT_KEYS, order, reverse_order
from kgen.arrays import array, arrays
from kgen.statements import Select


class NearbyRows(NamedTuple):
    """A page of a board around a gamer: its rows, and the last one's sort key if more follow, both as JSON text; and
    the gamer's shared rank."""

    rows: str
    last_key: str | None
    shared_rank: int


class _Page(NamedTuple):
    """A page as the statement makes it; `better` counts its rows above the centre, `size` all of them.

    The rows have UNKNOWN for the shared rank of a score that others have above the page; its rank key is `tied_key`.
    """

    better: int
    size: int
    rows: str
    more: bool
    last_key: str
    tied_key: int | None
    is_tied: bool | None
    shared_rank: int | None


# In no JSON text: there control characters are escaped.
UNKNOWN = "\x01"


def near(
    tournament_id: UUID, centres: Sequence[BoardEntry], ranks: Sequence[int], limit: int
) -> list[NearbyRows | None]:
    """For each of `centres`, whose ranks are given, a page of `limit` rows, half of them better; more, where fewer are
    worse.

    None where fewer than half are better, where nothing is left of the centre, or where the rank lags behind what this
    statement sees. Rows are JSON as `BoardRow`, best first.
    """
    others = limit - limit // 2
    keys = arrays(centre.key for centre in centres)
    last = others - 1
    numbers = [tournament_id, others + 1, limit, others, tournament_id, limit + 1, others, last, others, others, last]
    pages = dict(_NEAR.keyed([*keys, array(ranks), *numbers]))
    shared = _shared_ranks(tournament_id, {page.tied_key for page in pages.values() if page.tied_key is not None})
    return [_rows(pages[centre.id], rank, limit, shared) for centre, rank in zip(centres, ranks, strict=True)]


def _shared_ranks(tournament_id: UUID, rank_keys: Iterable[int]) -> Mapping[int, int]:
    """The shared ranks of scores."""
    keys = list(rank_keys)
    return dict(zip(keys, ranks_of(tournament_id, [ahead_of(key) for key in keys]), strict=True))


def _rows(page: _Page, rank: int, limit: int, shared: Mapping[int, int]) -> NearbyRows | None:
    first = rank - page.better
    # A page with fewer rows than `limit` holds the whole board.
    if page.shared_rank is None or first < 1 or page.better < limit // 2 or (page.size < limit and first > 1):
        return None
    last_key = page.last_key if page.more else None
    if page.tied_key is None:
        return NearbyRows(page.rows, last_key, page.shared_rank)
    # The row above the page has this score too.
    tied_rank = min(shared[page.tied_key], first - 1)
    rows = page.rows.replace(UNKNOWN, str(tied_rank))
    return NearbyRows(rows, last_key, tied_rank if page.is_tied else page.shared_rank)


def _json(row: str) -> str:
    """A `BoardRow` as JSON, put together as text: json_build_object takes five times as long."""
    texts = {"user_id", "username"}
    values = {
        name: f"to_json({row}.{name})" if name in texts else f"{row}.{name}" for name in BoardRow.__struct_fields__
    }
    values["shared_rank"] = f"CASE WHEN {row}.is_tied THEN chr({ord(UNKNOWN)}) ELSE {row}.shared_rank::text END"
    members = [f"""'"{name}":', {value}""" for name, value in values.items()]
    return f"concat('{{', {''', ',', '''.join(members)}, '}}')"


_ENTRY = entry_columns("board", "board")
# `near` has one row above the page: if that has the score of the first one, they share a rank from further above.
_NEAR = Select(
    f"""
SELECT centre.id, page.*
  FROM unnest({SORT_KEYS}, %s::bigint[]) AS centre ({order()}, rank)
 CROSS JOIN LATERAL (
    WITH others AS MATERIALIZED (
        SELECT {_ENTRY}, centre.rank - 1 + row_number() OVER (ORDER BY {order("board")}) AS rank
          FROM esports_leaderboardrow AS board
         WHERE board.tournament_id = %s AND ({order("board")}) >= ({order("centre")})
         ORDER BY {order("board")} LIMIT %s
    ), page AS (
        SELECT centre.rank - %s + least(%s, count(*)) AS first FROM others
    ), near AS (
        (SELECT {_ENTRY}, centre.rank - row_number() OVER (ORDER BY {reverse_order("board")}) AS rank
           FROM esports_leaderboardrow AS board
          WHERE board.tournament_id = %s AND ({order("board")}) < ({order("centre")})
          ORDER BY {reverse_order("board")} LIMIT %s - least(%s, (SELECT count(*) FROM others)))
        UNION ALL
        SELECT * FROM others
    ), shared AS (
        SELECT near.*, min(near.rank) OVER (PARTITION BY near.rank_key) AS shared_rank FROM near
    ), ranked AS (
        SELECT shared.*, shared.shared_rank < page.first AS is_tied
          FROM shared CROSS JOIN page WHERE shared.rank >= page.first
    )
    SELECT count(*) FILTER (WHERE ranked.rank < centre.rank) AS better,
           count(*) FILTER (WHERE ranked.rank <= centre.rank + %s) AS size,
           concat('[', string_agg({_json("ranked")}, ',' ORDER BY ranked.rank)
                       FILTER (WHERE ranked.rank < centre.rank + %s), ']') AS rows,
           bool_or(ranked.rank = centre.rank + %s) AS more,
           (json_agg(json_build_array({order("ranked")}))
               FILTER (WHERE ranked.rank = centre.rank + %s) -> 0)::text AS last_key,
           min(ranked.rank_key) FILTER (WHERE ranked.is_tied) AS tied_key,
           bool_or(ranked.is_tied) FILTER (WHERE ranked.rank = centre.rank) AS is_tied,
           min(ranked.shared_rank) FILTER (WHERE ranked.rank = centre.rank) AS shared_rank
      FROM ranked
 ) AS page
""",
    _Page,
)

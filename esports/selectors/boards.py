"""Leaderboards: pages in the total order, each row with its rank."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from esports.models import Tournament
from esports.ranking import SortKey
from esports.selectors.ranks import ranks_of
from esports.sql import LIVE_ENTRANTS, SORT_KEYS, names_of, order, reverse_order
from kgen.api.pagination import Key, decode_cursor, encode_cursor
from kgen.arrays import arrays
from kgen.statements import Select

# The board's order, for pages of LeaderboardRow.
BEST_FIRST = tuple(map(Key, SortKey._fields, ("int", "time", "time", "uuid")))
WINNERS_LISTED = 1000


class BoardRow(msgspec.Struct):
    """A row of a board on the wire; its fields are the members, in their order."""

    user_id: str
    score: int
    rank: int
    username: str


class BoardEntry(NamedTuple):
    """A ranked standing with its gamer's names. Entries sort best first: they begin with the sort key."""

    rank_key: int
    reached_at: datetime
    joined_at: datetime
    id: UUID
    score: int
    user_id: str
    username: str

    @property
    def key(self) -> SortKey:
        """The sort key, for ranks and cursors."""
        return SortKey(self.rank_key, self.reached_at, self.joined_at, self.id)


@dataclass(frozen=True)
class Place:
    """The rank and score of the gamer who asks."""

    rank: int
    score: int


class Winner(NamedTuple):
    """A settled prize."""

    rank: int
    score: int
    user_id: str
    prize: int


@dataclass(frozen=True)
class Leaderboard:
    """A page of a board."""

    # Each with its rank.
    rows: list[tuple[int, BoardEntry]]
    me: Place | None
    next_cursor: str | None
    winners: list[Winner]


def leaderboard(
    tournament: Tournament,
    *,
    gamer_id: UUID | None,
    around_me: bool,
    scope: str,
    cursor: str | None,
    limit: int,
) -> Leaderboard:
    """A page of the board: from the top, behind `cursor`, or around the gamer who asks, if that gamer has a place.

    :raises Invalid: the cursor does not belong to this list.
    """
    entrant = (tournament.pk, gamer_id) if gamer_id else None
    own = standings_of([entrant]).get(entrant) if entrant else None
    if cursor:
        entries = following(tournament.pk, decode_cursor(scope, cursor, BEST_FIRST), limit + 1)
        first = ranks_of(tournament.pk, [entries[0].key])[0] if entries else 0
    elif around_me and own:
        [(entries, first)] = around(tournament.pk, [own], limit + 1)
    else:
        entries, first = top(tournament.pk, limit + 1), 1
    ranked = list(enumerate(entries[:limit], start=first))
    return Leaderboard(
        rows=ranked,
        me=_place(tournament.pk, own, ranked) if own else None,
        next_cursor=encode_cursor(scope, entries[limit - 1].key) if len(entries) > limit else None,
        winners=winners(tournament),
    )


def winners(tournament: Tournament) -> list[Winner]:
    """The winners among the first thousand ranks, best first; none before the settlement."""
    return _WINNERS.all([tournament.pk, WINNERS_LISTED]) if tournament.settled_at else []


def _place(tournament_id: UUID, own: BoardEntry, ranked: Sequence[tuple[int, BoardEntry]]) -> Place:
    """The place of `own`: as the page lists it, if it does, so that no answer contradicts itself."""
    for rank, row in ranked:
        if row.id == own.id:
            return Place(rank, row.score)
    return Place(ranks_of(tournament_id, [own.key])[0], own.score)


def standings_of(entrants: Collection[tuple[UUID, UUID]]) -> Mapping[tuple[UUID, UUID], BoardEntry]:
    """The ranked standings of entrants, as (tournament, gamer). Entrants without one are missing from the result."""
    pairs = list(entrants)
    return {pairs[number - 1]: entry for number, entry in _STANDINGS_OF.keyed(arrays(pairs))}


def top(tournament_id: UUID, count: int) -> list[BoardEntry]:
    """The best `count` standings."""
    return _TOP.all([tournament_id, count])


def following(tournament_id: UUID, key: Sequence[Any], count: int) -> list[BoardEntry]:
    """The first `count` standings behind a sort key."""
    return _FOLLOWING.all([tournament_id, *key, count])


def around(tournament_id: UUID, centres: Sequence[BoardEntry], count: int) -> list[tuple[list[BoardEntry], int]]:
    """For each of `centres` the `count` entries around it, half of them better if there are as many; and the rank of
    the first."""
    better_most = (count - 1) // 2
    keys = arrays(centre.key for centre in centres)
    near: dict[UUID, list[BoardEntry]] = {centre.id: [centre] for centre in centres}
    limits = [tournament_id, better_most, tournament_id, count - 1 - better_most]
    for centre_id, entry in _AROUND.keyed([*keys, *limits]):
        near[centre_id].append(entry)
    ranks = ranks_of(tournament_id, [centre.key for centre in centres])
    pages = []
    for centre, rank in zip(centres, ranks, strict=True):
        page = sorted(near[centre.id])
        better = page.index(centre)
        if better < better_most:
            # All better standings are on the page: their count is right where a cached rank may lag behind.
            # The page has room for more below.
            page += following(tournament_id, page[-1].key, better_most - better)
        pages.append((page, 1 if better < better_most else max(1, rank - better)))
    return pages


def entry_columns(row: str, gamer: str) -> str:
    """The columns of a BoardEntry, of the relations `row` and `gamer`."""
    return f"{order(row)}, {row}.score, {gamer}.user_id, {gamer}.username"


_STANDINGS_OF = Select(
    f"""
SELECT entrant.number, {entry_columns("participation", "gamer")}
  FROM {LIVE_ENTRANTS}
 CROSS JOIN {names_of("participation.gamer_id")} AS gamer
 WHERE participation.rank_key IS NOT NULL
""",
    BoardEntry,
)
_TOP = Select(
    f"""
SELECT {entry_columns("board", "board")} FROM esports_leaderboardrow AS board
 WHERE tournament_id = %s ORDER BY {order("board")} LIMIT %s
""",
    BoardEntry,
)
# A settled standing never changes: the board's order, which has an index, is the order of the final ranks.
_WINNERS = Select(
    f"""
SELECT result.final_rank AS rank, board.score, board.user_id, result.prize
  FROM (SELECT * FROM esports_leaderboardrow WHERE tournament_id = %s ORDER BY {order()} LIMIT %s) AS board
 CROSS JOIN LATERAL (SELECT final_rank, prize FROM esports_participation
                      WHERE id = board.id AND prize > 0 LIMIT 1) AS result
 ORDER BY result.final_rank
""",
    Winner,
)
_FOLLOWING = Select(
    f"""
SELECT {entry_columns("board", "board")} FROM esports_leaderboardrow AS board
 WHERE tournament_id = %s AND ({order("board")}) > (%s, %s, %s, %s) ORDER BY {order("board")} LIMIT %s
""",
    BoardEntry,
)
_AROUND = Select(
    f"""
SELECT centre.id, {entry_columns("near", "near")}
  FROM unnest({SORT_KEYS}) AS centre ({order()})
 CROSS JOIN LATERAL (
    (SELECT * FROM esports_leaderboardrow AS board
      WHERE board.tournament_id = %s AND ({order("board")}) < ({order("centre")})
      ORDER BY {reverse_order("board")} LIMIT %s)
    UNION ALL
    (SELECT * FROM esports_leaderboardrow AS board
      WHERE board.tournament_id = %s AND ({order("board")}) > ({order("centre")})
      ORDER BY {order("board")} LIMIT %s)
 ) AS near
""",
    BoardEntry,
)

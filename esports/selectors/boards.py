"""Leaderboards: pages in the total order, each row with its rank."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from esports.models import Tournament
from esports.ranking import SortKey
from esports.selectors.ranks import ahead_of, places_of, ranks_of
from esports.sql import LIVE, LIVE_ENTRANTS, names_of, order, reverse_order
from kgen.api.pagination import Key, decode_cursor, encode_cursor
from kgen.arrays import arrays
from kgen.statements import Select
from users.selectors.names import GAMER_IDS

# The board's order, for pages of LeaderboardRow.
BEST_FIRST = tuple(map(Key, SortKey._fields, ("int", "time", "time", "uuid")))
WINNERS_LISTED = 1000


class BoardRow(msgspec.Struct):
    """A row of a board on the wire; its fields are the members, in their order."""

    user_id: str
    score: int
    rank: int
    shared_rank: int
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


class RankedEntry(NamedTuple):
    """An entry with its rank, and the rank that it shares with all of its score: that of the first of them."""

    rank: int
    shared_rank: int
    entry: BoardEntry


@dataclass(frozen=True)
class Place:
    """The rank and score of the gamer who asks."""

    rank: int
    score: int
    shared_rank: int


class Winner(NamedTuple):
    """A settled prize."""

    rank: int
    score: int
    user_id: str
    prize: int
    shared_rank: int


@dataclass(frozen=True)
class Leaderboard:
    """A page of a board."""

    rows: list[RankedEntry]
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
        first, shared = places_of(tournament.pk, [entries[0].key])[0] if entries else (1, 1)
    elif around_me and own:
        entries, first, shared = around(tournament.pk, own, limit)
    else:
        entries, first, shared = top(tournament.pk, limit + 1), 1, 1
    rows = ranked(entries[:limit], first, shared)
    return Leaderboard(
        rows=rows,
        me=_place(tournament.pk, own, rows) if own else None,
        next_cursor=encode_cursor(scope, entries[limit - 1].key) if len(entries) > limit else None,
        winners=winners(tournament),
    )


def ranked(entries: Iterable[BoardEntry], first: int, shared: int) -> list[RankedEntry]:
    """Neighbours of a board with their ranks, given the rank and the shared rank of the first one."""
    found = list(entries)
    shared_ranks = share_ranks([entry.rank_key for entry in found], first, shared)
    return list(map(RankedEntry, count(first), shared_ranks, found))


def share_ranks(rank_keys: Iterable[int], first: int, shared: int) -> list[int]:
    """The shared ranks of neighbours, given the rank and the shared rank of the first one."""
    ranks: list[int] = []
    before = None
    for rank, rank_key in enumerate(rank_keys, start=first):
        if before is not None and rank_key != before:
            shared = rank
        before = rank_key
        ranks.append(shared)
    return ranks


def winners(tournament: Tournament) -> list[Winner]:
    """The winners among the first thousand ranks, best first; none before the settlement."""
    return _WINNERS.all([tournament.pk, WINNERS_LISTED]) if tournament.settled_at else []


def _place(tournament_id: UUID, own: BoardEntry, rows: Sequence[RankedEntry]) -> Place:
    """The place of `own`: as the page lists it, if it does, so that no answer contradicts itself."""
    for row in rows:
        if row.entry.id == own.id:
            return Place(row.rank, row.entry.score, row.shared_rank)
    [(rank, shared)] = places_of(tournament_id, [own.key])
    return Place(rank, own.score, shared)


def standings_of(entrants: Collection[tuple[UUID, UUID]]) -> Mapping[tuple[UUID, UUID], BoardEntry]:
    """The ranked standings of entrants, as (tournament, gamer). Entrants without one are missing from the result."""
    pairs = list(entrants)
    return {pairs[number - 1]: entry for number, entry in _STANDINGS_OF.keyed(arrays(pairs))}


def rows_of(tournament: Tournament, user_ids: Collection[str]) -> list[RankedEntry]:
    """The rows of the gamers with these user ids that have a score, best first."""
    entries = sorted(_ROWS_OF.all([tournament.client_id, list(set(user_ids)), tournament.pk]))
    places = places_of(tournament.pk, [entry.key for entry in entries])
    return [RankedEntry(*place, entry) for place, entry in zip(places, entries, strict=True)]


def top(tournament_id: UUID, most: int) -> list[BoardEntry]:
    """The best standings, up to `most`."""
    return _TOP.all([tournament_id, most])


def following(tournament_id: UUID, key: Sequence[Any], most: int) -> list[BoardEntry]:
    """The first standings behind a sort key, up to `most`."""
    return _FOLLOWING.all([tournament_id, *key, most])


def around(tournament_id: UUID, own: BoardEntry, limit: int) -> tuple[list[BoardEntry], int, int]:
    """The `limit` entries around `own`, half of them better where there are as many on either side, and the next one
    if more follow; then the rank and the shared rank of the first."""
    # With `own`.
    worse_most = limit - limit // 2
    found = _AROUND.all([tournament_id, *own.key, worse_most, tournament_id, *own.key, limit - 1, worse_most - 1])
    page = sorted([own, *found])
    better = page.index(own)
    better_most = limit - min(len(page) - better, worse_most)
    rank, shared = ranks_of(tournament_id, [own.key, ahead_of(page[0].rank_key)])
    if better == better_most:
        first = max(1, rank - better)
        return page, first, min(first, shared)
    # All better standings are on the page: their count is right where a cached rank may lag behind.
    # The page has room for more below.
    return page + following(tournament_id, page[-1].key, better_most - better), 1, 1


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
_ROWS_OF = Select(
    f"""
SELECT {entry_columns("participation", "gamer")}
  FROM ({GAMER_IDS}) AS asked
 CROSS JOIN LATERAL (SELECT * FROM esports_participation AS entry
                      WHERE (entry.tournament_id, entry.gamer_id) = (%s, asked.id)
                        AND entry.{LIVE} AND entry.rank_key IS NOT NULL LIMIT 1) AS participation
 CROSS JOIN {names_of("asked.id")} AS gamer
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
SELECT result.final_rank AS rank, board.score, board.user_id, result.prize, board.shared_rank
  FROM (SELECT *, rank() OVER (ORDER BY rank_key) AS shared_rank
          FROM (SELECT * FROM esports_leaderboardrow WHERE tournament_id = %s ORDER BY {order()} LIMIT %s) AS best
       ) AS board
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
# As many better ones as the worse ones leave room for.
_AROUND = Select(
    f"""
WITH worse AS MATERIALIZED (
    SELECT {entry_columns("board", "board")} FROM esports_leaderboardrow AS board
     WHERE tournament_id = %s AND ({order("board")}) > (%s, %s, %s, %s) ORDER BY {order("board")} LIMIT %s
)
(SELECT {entry_columns("board", "board")} FROM esports_leaderboardrow AS board
  WHERE tournament_id = %s AND ({order("board")}) < (%s, %s, %s, %s)
  ORDER BY {reverse_order("board")} LIMIT %s - least(%s, (SELECT count(*) FROM worse)))
UNION ALL
SELECT * FROM worse
""",
    BoardEntry,
)

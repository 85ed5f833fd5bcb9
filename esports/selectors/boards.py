"""Leaderboards: pages in the total order, each row with its rank."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from esports.models import Participation, Tournament
from esports.selectors.ranks import Position, ranks_of
from kgen.api.pagination import Key, decode_cursor, encode_cursor
from kgen.arrays import arrays

# Of LeaderboardRow.
BEST_FIRST = (Key("rank_key"), Key("reached_at", "time"), Key("joined_at", "time"), Key("participation_id", "uuid"))
WINNERS_LISTED = 1000


class BoardEntry(NamedTuple):
    """Where a gamer stands; the first four make the order."""

    rank_key: int
    reached_at: datetime
    joined_at: datetime
    id: UUID
    score: int
    user_id: str
    username: str

    @property
    def position(self) -> Position:
        """What the order depends on."""
        return Position(self.id, self.rank_key, self.reached_at, self.joined_at)

    @property
    def key(self) -> tuple[int, datetime, datetime, UUID]:
        """The sort key, for cursors."""
        return self[:4]


@dataclass(frozen=True)
class Place:
    """Where the gamer who asks stands."""

    rank: int
    score: int


@dataclass(frozen=True)
class Winner:
    """A settled prize."""

    rank: int
    score: int
    user_id: str
    prize: int


@dataclass(frozen=True)
class Leaderboard:
    """A page of a board."""

    # With their ranks.
    rows: list[tuple[int, BoardEntry]]
    me: Place | None
    next_cursor: str | None
    winners: list["Winner"]


def leaderboard(
    tournament: Tournament,
    *,
    gamer_id: UUID | None,
    around_me: bool,
    scope: str,
    cursor: str | None,
    limit: int,
) -> Leaderboard:
    """A page of the board: from the top, behind `cursor`, or around the gamer who asks (who may have no place).

    :raises Invalid: the cursor is not one of this list.
    """
    place = (tournament.pk, gamer_id) if gamer_id else None
    mine = standings_of([place]).get(place) if place else None
    if cursor:
        found = following(tournament.pk, decode_cursor(scope, cursor, BEST_FIRST), limit + 1)
        first = ranks_of(tournament.pk, [found[0].position])[0] if found else 0
    elif around_me and mine:
        [(found, first)] = around(tournament.pk, [mine], limit + 1)
    else:
        found, first = top(tournament.pk, limit + 1), 1
    ranked = list(enumerate(found[:limit], start=first))
    return Leaderboard(
        rows=ranked,
        me=_place(tournament.pk, mine, ranked) if mine else None,
        next_cursor=encode_cursor(scope, found[limit - 1].key) if len(found) > limit else None,
        winners=winners(tournament),
    )


def winners(tournament: Tournament) -> list[Winner]:
    """The settled winners among the first thousand, best first; none before it is settled."""
    if not tournament.settled_at:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_WINNERS, [tournament.pk, WINNERS_LISTED])
        return [Winner(*row) for row in cursor.fetchall()]


def _place(tournament_id: UUID, mine: BoardEntry, ranked: Sequence[tuple[int, BoardEntry]]) -> Place:
    """Where `mine` stands: as it is listed where it is, so that no answer contradicts itself."""
    for rank, row in ranked:
        if row.id == mine.id:
            return Place(rank, row.score)
    return Place(ranks_of(tournament_id, [mine.position])[0], mine.score)


def standings_of(places: Collection[tuple[UUID, UUID]]) -> Mapping[tuple[UUID, UUID], BoardEntry]:
    """The ranked standings of (tournament, gamer); those without one are missing."""
    asked = list(places)
    with connection.cursor() as cursor:
        cursor.execute(_STANDINGS_OF, arrays(asked))
        return {asked[number - 1]: BoardEntry(*rest) for number, *rest in cursor.fetchall()}


def top(tournament_id: UUID, count: int) -> list[BoardEntry]:
    """The best."""
    with connection.cursor() as cursor:
        cursor.execute(_TOP, [tournament_id, count])
        return [BoardEntry(*row) for row in cursor.fetchall()]


def following(tournament_id: UUID, key: Sequence[Any], count: int) -> list[BoardEntry]:
    """Those who come behind a sort key."""
    with connection.cursor() as cursor:
        cursor.execute(_FOLLOWING, [tournament_id, *key, count])
        return [BoardEntry(*row) for row in cursor.fetchall()]


def around(tournament_id: UUID, mine: Sequence[BoardEntry], count: int) -> list[tuple[list[BoardEntry], int]]:
    """For each of `mine` the `count` places about it, half of them better as far as there are, and the first's rank."""
    better_most = (count - 1) // 2
    with connection.cursor() as cursor:
        keys = arrays(row.key for row in mine)
        cursor.execute(_AROUND, [*keys, tournament_id, better_most, tournament_id, count - 1 - better_most])
        near: dict[UUID, list[BoardEntry]] = {row.id: [row] for row in mine}
        for whose, *row in cursor.fetchall():
            near[whose].append(BoardEntry(*row))
    ranks = ranks_of(tournament_id, [row.position for row in mine])
    pages = []
    for row, rank in zip(mine, ranks, strict=True):
        page = sorted(near[row.id])
        better = page.index(row)
        if better < better_most:
            # All who are better are on the page: counted, for a cached rank may lag behind them. Below is more room.
            page += following(tournament_id, page[-1].key, better_most - better)
        pages.append((page, 1 if better < better_most else max(1, rank - better)))
    return pages


def position_of(row: Participation) -> Position:
    """What the rank of a stay that holds one depends on."""
    assert row.rank_key is not None
    assert row.reached_at is not None
    return Position(row.id, row.rank_key, row.reached_at, row.joined_at)


_COLUMNS = "stay.rank_key, stay.reached_at, stay.joined_at, stay.id, stay.score, stay.user_id, stay.username"
_ORDER = "rank_key, reached_at, joined_at, id"
_STANDINGS_OF = f"""
SELECT place.number, {_COLUMNS.replace("stay.user", "gamer.user")}
  FROM unnest(%s::uuid[], %s::uuid[]) WITH ORDINALITY AS place (tournament_id, gamer_id, number)
  JOIN esports_participation stay
    ON (stay.tournament_id, stay.gamer_id) = (place.tournament_id, place.gamer_id) AND stay.left_at IS NULL
  -- One look into the index for each, however many rows a plan for any values reckons with.
 CROSS JOIN LATERAL (SELECT user_id, username FROM users_gamer WHERE id = stay.gamer_id LIMIT 1) AS gamer
 WHERE stay.rank_key IS NOT NULL
"""
_TOP = f"""
SELECT {_COLUMNS} FROM esports_leaderboardrow AS stay WHERE tournament_id = %s ORDER BY {_ORDER} LIMIT %s
"""
# A settled standing stays: the board's order, which has an index, is that of the final ranks.
_WINNERS = f"""
SELECT result.final_rank, stay.score, stay.user_id, result.prize
  FROM (SELECT * FROM esports_leaderboardrow WHERE tournament_id = %s ORDER BY {_ORDER} LIMIT %s) AS stay
 CROSS JOIN LATERAL (SELECT final_rank, prize FROM esports_participation
                      WHERE id = stay.id AND prize > 0 LIMIT 1) AS result
 ORDER BY result.final_rank
"""
_FOLLOWING = f"""
SELECT {_COLUMNS} FROM esports_leaderboardrow AS stay
 WHERE tournament_id = %s AND ({_ORDER}) > (%s, %s, %s, %s) ORDER BY {_ORDER} LIMIT %s
"""
_AROUND = f"""
SELECT mine.id, {_COLUMNS}
  FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::uuid[])
       AS mine (rank_key, reached_at, joined_at, id)
 CROSS JOIN LATERAL (
    (SELECT * FROM esports_leaderboardrow AS near
      WHERE near.tournament_id = %s
        AND (near.rank_key, near.reached_at, near.joined_at, near.id)
          < (mine.rank_key, mine.reached_at, mine.joined_at, mine.id)
      ORDER BY near.rank_key DESC, near.reached_at DESC, near.joined_at DESC, near.id DESC LIMIT %s)
    UNION ALL
    (SELECT * FROM esports_leaderboardrow AS near
      WHERE near.tournament_id = %s
        AND (near.rank_key, near.reached_at, near.joined_at, near.id)
          > (mine.rank_key, mine.reached_at, mine.joined_at, mine.id)
      ORDER BY near.rank_key, near.reached_at, near.joined_at, near.id LIMIT %s)
 ) AS stay
"""

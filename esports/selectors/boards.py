"""Leaderboards: pages in the total order, each row with its rank."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from esports.models import Participation, Tournament
from esports.selectors.ranks import Position, rank_of
from kgen.api.pagination import Key, after, decode_cursor, encode_cursor

BEST_FIRST = (Key("rank_key"), Key("reached_at", "time"), Key("joined_at", "time"), Key("id", "uuid"))
WORST_FIRST = tuple(Key(key.column, key.kind, descending=True) for key in BEST_FIRST)


WINNERS_LISTED = 1000


@dataclass(frozen=True)
class Row:
    """A place on the board."""

    rank: int
    score: int
    user_id: str
    username: str


@dataclass(frozen=True)
class Place:
    """Where the gamer who asks stands."""

    rank: int
    score: int


@dataclass(frozen=True)
class Winner(Row):
    """A settled prize."""

    prize: int


@dataclass(frozen=True)
class Leaderboard:
    """A page of a board."""

    rows: list[Row]
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
    mine = _standing_of(tournament.pk, gamer_id) if gamer_id else None
    if cursor:
        behind = after(BEST_FIRST, decode_cursor(scope, cursor, BEST_FIRST))
        rows, more = _following(_ranked(tournament.pk).filter(behind), limit)
        first = rank_of(tournament.pk, _position(rows[0])) if rows else 0
    elif around_me and mine:
        better = _preceding(tournament.pk, mine, limit // 2)
        rows, more = _following(_ranked(tournament.pk).filter(after(BEST_FIRST, _key(mine))), limit - 1 - len(better))
        # Where all who are better are on the page, they are counted; a cached rank may lag behind them.
        is_top = len(better) < limit // 2
        first = 1 if is_top else max(1, rank_of(tournament.pk, _position(mine)) - len(better))
        rows = [*better, mine, *rows]
    else:
        rows, more = _following(_ranked(tournament.pk), limit)
        first = 1
    ranked = list(enumerate(rows, start=first))
    return Leaderboard(
        rows=[_row(rank, row) for rank, row in ranked],
        me=_place(tournament.pk, mine, ranked) if mine else None,
        next_cursor=encode_cursor(scope, _key(rows[-1])) if more else None,
        winners=_winners(tournament) if tournament.settled_at else [],
    )


def _winners(tournament: Tournament) -> list[Winner]:
    """The settled winners, best first; of a large field the first thousand."""
    rows = Participation.objects.filter(tournament=tournament.pk, final_rank__isnull=False, prize__gt=0)
    first = rows.select_related("gamer").order_by("final_rank")[:WINNERS_LISTED]
    return [
        Winner(row.final_rank or 0, _score(row), row.gamer.user_id, row.gamer.username, row.prize or 0) for row in first
    ]


def _place(tournament_id: UUID, mine: Participation, ranked: list[tuple[int, Participation]]) -> Place:
    """Where `mine` stands: as it is listed where it is, so that no answer contradicts itself."""
    for rank, row in ranked:
        if row.pk == mine.pk:
            return Place(rank, _score(row))
    return Place(rank_of(tournament_id, _position(mine)), _score(mine))


def _ranked(tournament_id: UUID) -> QuerySet[Participation]:
    return (
        Participation.objects.filter(tournament=tournament_id, rank_key__isnull=False)
        .select_related("gamer")
        .only("rank_key", "reached_at", "joined_at", "score", "gamer__user_id", "gamer__username")
    )


def _standing_of(tournament_id: UUID, gamer_id: UUID) -> Participation | None:
    return _ranked(tournament_id).filter(gamer=gamer_id, left_at=None).first()


def _following(rows: QuerySet[Participation], count: int) -> tuple[list[Participation], bool]:
    found = list(rows.order_by(*(key.column for key in BEST_FIRST))[: count + 1])
    return found[:count], len(found) > count


def _preceding(tournament_id: UUID, row: Participation, count: int) -> list[Participation]:
    rows = _ranked(tournament_id).filter(after(WORST_FIRST, _key(row)))
    found = list(rows.order_by(*(f"-{key.column}" for key in BEST_FIRST))[:count])
    return found[::-1]


def _key(row: Participation) -> Sequence[Any]:
    return [getattr(row, key.column) for key in BEST_FIRST]


def _position(row: Participation) -> Position:
    assert row.rank_key is not None
    assert row.reached_at is not None
    return Position(row.id, row.rank_key, row.reached_at, row.joined_at)


def _score(row: Participation) -> int:
    assert row.score is not None
    return row.score


def _row(rank: int, row: Participation) -> Row:
    return Row(rank, _score(row), row.gamer.user_id, row.gamer.username)

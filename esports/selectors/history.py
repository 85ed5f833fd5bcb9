"""What a gamer has joined, and how it ended."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from esports import prizes
from esports.lifecycle import Status
from esports.models import Participation, TieRule, Tournament
from esports.selectors.ranks import Position, rank_of
from esports.selectors.tournaments import TournamentAt, tournament_at, with_clock
from kgen.api.pagination import Key, Page, page_of
from kgen.clock import ClockTimestamp

NEWEST_JOIN_FIRST = (Key("joined_at", "time", descending=True), Key("id", "uuid", descending=True))
NEWEST_END_FIRST = (Key("tournament__over_at", "time", descending=True), Key("id", "uuid", descending=True))


@dataclass(frozen=True)
class PastResult:
    """How a tournament ended for a gamer. `rank` is None without one, or when it was cancelled."""

    tournament: Tournament
    status: Status
    score: int | None
    rank: int | None
    amount_won: int


@dataclass(frozen=True)
class TiedRank:
    """A provisional rank, and the ranks of its score: `tied` of them from `first` on."""

    rank: int
    first: int
    tied: int


@dataclass(frozen=True)
class GamerParticipation:
    """A participation of any kind, left ones too, with its tournament. `rank` is the present one until it is final."""

    participation: Participation
    tournament: Tournament
    status: Status
    rank: int | None
    is_final: bool


def stay_page(
    gamer_id: UUID, *, scope: str, cursor: str | None, limit: int
) -> tuple[list[GamerParticipation], str | None]:
    """Everything that a gamer ever joined, newest first: for operators, who see more than the gamer does.

    :raises Invalid: the cursor is not one of this list.
    """
    rows = Participation.objects.filter(gamer=gamer_id)
    page = page_of(rows, NEWEST_JOIN_FIRST, scope=scope, cursor=cursor, limit=limit)
    ids = {row.tournament_id for row in page.rows}
    tournaments = {row.pk: tournament_at(row) for row in with_clock(Tournament.objects.filter(pk__in=ids))}
    return [_stay(row, tournaments[row.tournament_id]) for row in page.rows], page.next_cursor


def _stay(row: Participation, found: TournamentAt) -> GamerParticipation:
    rank = row.final_rank
    if rank is None and row.rank_key is not None and row.reached_at is not None:
        rank = rank_of(row.tournament_id, Position(row.pk, row.rank_key, row.reached_at, row.joined_at))
    return GamerParticipation(row, found.tournament, found.status, rank, row.final_rank is not None)


def participated_page(gamer_id: UUID, *, scope: str, cursor: str | None, limit: int) -> Page[Participation]:
    """Everything joined and not left, in any status, newest join first."""
    rows = Participation.objects.filter(gamer=gamer_id, left_at=None).only("tournament_id", "joined_at")
    return page_of(rows, NEWEST_JOIN_FIRST, scope=scope, cursor=cursor, limit=limit)


def history_page(gamer_id: UUID, *, scope: str, cursor: str | None, limit: int) -> tuple[list[PastResult], str | None]:
    """What ended or was cancelled among a gamer's tournaments, newest end first."""
    rows = Participation.objects.filter(gamer=gamer_id, left_at=None, tournament__over_at__lte=ClockTimestamp())
    page: Page[Any] = page_of(
        rows.select_related("tournament"), NEWEST_END_FIRST, scope=scope, cursor=cursor, limit=limit
    )
    ids = [row.tournament_id for row in page.rows]
    tournaments = {row.pk: tournament_at(row) for row in with_clock(Tournament.objects.filter(pk__in=ids))}
    provisional = [
        row.pk
        for row in page.rows
        if tournaments[row.tournament_id].status is Status.COMPLETED
        and tournaments[row.tournament_id].tournament.settled_at is None
    ]
    ranks = _ranks(provisional) if provisional else {}
    outcomes = [
        _outcome(row, tournaments[row.tournament_id].tournament, tournaments[row.tournament_id].status, ranks)
        for row in page.rows
    ]
    return outcomes, page.next_cursor


def _outcome(row: Participation, tournament: Tournament, status: Status, ranks: dict[UUID, TiedRank]) -> PastResult:
    if row.final_rank is not None:
        return PastResult(tournament, status, row.score, row.final_rank, row.prize or 0)
    standing = ranks.get(row.pk)
    if standing is None:
        return PastResult(tournament, status, row.score, None, 0)
    return PastResult(tournament, status, row.score, standing.rank, _prize(tournament, standing))


def _prize(tournament: Tournament, standing: TiedRank) -> int:
    """What the table pays there at this field: provisional until the tournament is settled."""
    ranges = prizes.rank_prizes(
        tournament.table,
        field_size=tournament.seats.taken,
        buy_in=tournament.buy_in_price,
        sponsorship=tournament.sponsored_amount,
    )
    if tournament.tie_rule == TieRule.SPLIT:
        return prizes.prize_at(ranges, standing.rank, first=standing.first, sharers=standing.tied)
    return prizes.prize_at(ranges, standing.rank, first=standing.rank, sharers=1)


def _ranks(participation_ids: list[UUID]) -> dict[UUID, TiedRank]:
    """The standings of these participations, each in its tournament; those that hold no rank are missing."""
    with connection.cursor() as cursor:
        cursor.execute(_RANKS, [participation_ids])
        return {id: TiedRank(*counted) for id, *counted in cursor.fetchall()}


def last_end(tournament: Tournament) -> datetime:
    """When it was over: its end, or its cancellation before that."""
    return min(filter(None, (tournament.ends_at, tournament.cancelled_at)))


_RANKS = """
SELECT mine.id, 1 + count(*) FILTER (WHERE (other.rank_key, other.reached_at, other.joined_at, other.id)
                                         < (mine.rank_key, mine.reached_at, mine.joined_at, mine.id)),
       1 + count(*) FILTER (WHERE other.rank_key < mine.rank_key),
       count(*) FILTER (WHERE other.rank_key = mine.rank_key)
  FROM esports_participation mine
  JOIN esports_leaderboardrow other ON other.tournament_id = mine.tournament_id AND other.rank_key <= mine.rank_key
 WHERE mine.id = ANY(%s::uuid[]) AND mine.rank_key IS NOT NULL GROUP BY mine.id
"""

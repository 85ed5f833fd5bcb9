"""The tournaments that a gamer has joined, and how they ended."""

from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from esports import prizes
from esports.lifecycle import Status
from esports.models import Participation, TieRule, Tournament, live
from esports.selectors.ranks import rank_of
from esports.selectors.tournaments import TournamentAt, tournament_at, with_clock
from esports.sql import order
from kgen.api.pagination import Key, Page, page_of
from kgen.clock import ClockTimestamp
from kgen.statements import Select

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


class TiedRank(NamedTuple):
    """A provisional rank, and the ranks that share its score: `tied` of them, from `first` on."""

    rank: int
    first: int
    tied: int


@dataclass(frozen=True)
class GamerParticipation:
    """A participation, live or left, with its tournament. `rank` is the present one until it is final."""

    participation: Participation
    tournament: Tournament
    status: Status
    rank: int | None
    is_final: bool


def participation_page(
    gamer_id: UUID, *, scope: str, cursor: str | None, limit: int
) -> tuple[list[GamerParticipation], str | None]:
    """All participations of a gamer, left ones too, newest first: for operators.

    :raises Invalid: the cursor does not belong to this list.
    """
    rows = Participation.objects.filter(gamer=gamer_id)
    page = page_of(rows, NEWEST_JOIN_FIRST, scope=scope, cursor=cursor, limit=limit)
    ids = {row.tournament_id for row in page.rows}
    tournaments = {row.pk: tournament_at(row) for row in with_clock(Tournament.objects.filter(pk__in=ids))}
    return [_with_rank(row, tournaments[row.tournament_id]) for row in page.rows], page.next_cursor


def _with_rank(row: Participation, current: TournamentAt) -> GamerParticipation:
    rank = row.final_rank
    if rank is None and row.rank_key is not None:
        rank = rank_of(row.tournament_id, row.sort_key)
    return GamerParticipation(row, current.tournament, current.status, rank, row.final_rank is not None)


def participated_page(gamer_id: UUID, *, scope: str, cursor: str | None, limit: int) -> Page[Participation]:
    """A gamer's live participations in tournaments of any status, newest join first."""
    rows = Participation.objects.filter(live(), gamer=gamer_id).only("tournament_id", "joined_at")
    return page_of(rows, NEWEST_JOIN_FIRST, scope=scope, cursor=cursor, limit=limit)


def history_page(gamer_id: UUID, *, scope: str, cursor: str | None, limit: int) -> tuple[list[PastResult], str | None]:
    """A gamer's tournaments that have ended or were cancelled, newest end first."""
    rows = Participation.objects.filter(live(), gamer=gamer_id, tournament__over_at__lte=ClockTimestamp())
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
    results = [_result(row, tournaments[row.tournament_id], ranks.get(row.pk)) for row in page.rows]
    return results, page.next_cursor


def _result(row: Participation, current: TournamentAt, provisional: TiedRank | None) -> PastResult:
    rank, won = row.final_rank, row.prize or 0
    if rank is None and provisional is not None:
        rank, won = provisional.rank, _prize(current.tournament, provisional)
    return PastResult(current.tournament, current.status, row.score, rank, won)


def _prize(tournament: Tournament, rank: TiedRank) -> int:
    """The prize of a rank at the present field size: provisional until the settlement."""
    if tournament.tie_rule == TieRule.SPLIT:
        return prizes.prize_at(tournament.prize_ranges(), rank.rank, first=rank.first, sharers=rank.tied)
    return prizes.prize_at(tournament.prize_ranges(), rank.rank, first=rank.rank, sharers=1)


def _ranks(participation_ids: list[UUID]) -> dict[UUID, TiedRank]:
    """The ranks of these participations, each in its tournament; those without a rank are missing."""
    return dict(_RANKS.keyed([participation_ids]))


_RANKS = Select(
    f"""
SELECT participation.id,
       1 + count(*) FILTER (WHERE ({order("board")}) < ({order("participation")})) AS rank,
       1 + count(*) FILTER (WHERE board.rank_key < participation.rank_key) AS first,
       count(*) FILTER (WHERE board.rank_key = participation.rank_key) AS tied
  FROM esports_participation AS participation
  JOIN esports_leaderboardrow AS board
    ON board.tournament_id = participation.tournament_id AND board.rank_key <= participation.rank_key
 WHERE participation.id = ANY(%s::uuid[]) AND participation.rank_key IS NOT NULL GROUP BY participation.id
""",
    TiedRank,
)

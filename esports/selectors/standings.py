"""A tournament's field as operators see it: ranked, unscored and disqualified gamers, and their scores."""

from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from esports.models import LeaderboardRow, Participation, Ruling, ScoreEvent, Tournament, live
from esports.selectors.boards import BEST_FIRST
from esports.selectors.ranks import rank_of
from kgen.api.pagination import Key, Page, page_of

JOINED_FIRST = (Key("id", "uuid"),)
NEWEST_SCORE_FIRST = (Key("id", descending=True),)
RULINGS_LISTED = 100
PARTICIPATIONS_LISTED = 20


def ranked_rows(tournament_id: UUID) -> QuerySet[LeaderboardRow]:
    """A board's rows with their participations and gamers; pages of it are in the order BEST_FIRST."""
    return LeaderboardRow.objects.filter(tournament=tournament_id).select_related("participation__gamer")


def ranked_participations() -> QuerySet[Participation]:
    """Every participation with a final rank, with its gamer and tournament."""
    return Participation.objects.filter(final_rank__isnull=False).select_related("gamer", "tournament")


class StandingsSection(StrEnum):
    """A part of the field."""

    RANKED = "ranked"
    UNSCORED = "unscored"
    DISQUALIFIED = "disqualified"


@dataclass(frozen=True)
class StandingsLine:
    """A participation and its rank, if it has one."""

    rank: int | None
    participation: Participation


@dataclass(frozen=True)
class StandingsPage:
    """A page of a part of the field."""

    lines: list[StandingsLine]
    next_cursor: str | None


def standing_page(tournament: Tournament, part: StandingsSection, *, cursor: str | None, limit: int) -> StandingsPage:
    """A page of a part of the field: the ranked best first, the others in the order in which they joined.

    :raises Invalid: the cursor does not belong to this list.
    """
    scope = f"standing\n{tournament.pk}\n{part}"
    page: Page[Any]
    if part is StandingsSection.RANKED:
        page = page_of(ranked_rows(tournament.pk), BEST_FIRST, scope=scope, cursor=cursor, limit=limit)
        found = [row.participation for row in page.rows]
        lines = map(StandingsLine, count(_first_rank(found, is_top=not cursor)), found)
        return StandingsPage(list(lines), page.next_cursor)
    page = page_of(_unranked(tournament.pk, part), JOINED_FIRST, scope=scope, cursor=cursor, limit=limit)
    return StandingsPage([StandingsLine(None, row) for row in page.rows], page.next_cursor)


def _unranked(tournament_id: UUID, part: StandingsSection) -> QuerySet[Participation]:
    rows = Participation.objects.filter(tournament=tournament_id).select_related("gamer")
    if part is StandingsSection.UNSCORED:
        return rows.filter(live(), score=None, disqualified_at=None)
    return rows.filter(disqualified_at__isnull=False)


def _first_rank(ranked: list[Participation], *, is_top: bool) -> int:
    return 1 if is_top or not ranked else _rank(ranked[0])


def _rank(ranked: Participation) -> int:
    return ranked.final_rank or rank_of(ranked.tournament_id, ranked.sort_key)


def line_of(participation_id: UUID) -> StandingsLine | None:
    """A participation with its gamer, tournament and rank; None if there is none of that id."""
    row = Participation.objects.select_related("gamer", "tournament").filter(pk=participation_id).first()
    if row is None:
        return None
    return StandingsLine(None if row.rank_key is None else _rank(row), row)


def participations_of(tournament: Tournament, user_id: str) -> list[Participation]:
    """The newest participations in a tournament of the gamer with this user id, left ones too."""
    rows = Participation.objects.filter(tournament=tournament.pk, gamer__client=tournament.client_id)
    return list(rows.filter(gamer__user_id=user_id).order_by("-id")[:PARTICIPATIONS_LISTED])


def score_page(participation_id: UUID, *, cursor: str | None, limit: int) -> Page[ScoreEvent]:
    """The accepted scores of a participation, voided ones too, newest first.

    :raises Invalid: the cursor does not belong to this list.
    """
    rows = ScoreEvent.objects.filter(participation=participation_id)
    return page_of(rows, NEWEST_SCORE_FIRST, scope=f"scores\n{participation_id}", cursor=cursor, limit=limit)


def score_of(participation_id: UUID, event_id: int) -> ScoreEvent | None:
    """One accepted score of a participation."""
    return ScoreEvent.objects.filter(participation=participation_id, pk=event_id).first()


def count_scores(tournament_id: UUID, most: int) -> int:
    """The number of scores of a tournament, counted no further than `most`."""
    return ScoreEvent.objects.filter(participation__tournament=tournament_id)[:most].count()


def rulings_of(participation_id: UUID) -> list[Ruling]:
    """The rulings about a participation, newest first."""
    return list(Ruling.objects.filter(participation=participation_id).order_by("-id")[:RULINGS_LISTED])

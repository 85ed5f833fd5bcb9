"""A tournament's field as operators see it: who holds a rank, who does not and why; each one's scores."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from esports.models import LeaderboardRow, Participation, Ruling, ScoreEvent, Tournament
from esports.selectors.boards import BEST_FIRST, position_of
from esports.selectors.ranks import rank_of
from kgen.api.pagination import Key, Page, page_of

JOINED_FIRST = (Key("id", "uuid"),)
NEWEST_SCORE_FIRST = (Key("id", descending=True),)
RULINGS_LISTED = 100
STAYS_LISTED = 20


class StandingsSection(StrEnum):
    """A part of the field."""

    RANKED = "ranked"
    UNSCORED = "unscored"
    DISQUALIFIED = "disqualified"


@dataclass(frozen=True)
class StandingsLine:
    """A gamer's stay, and the rank that it holds, if any."""

    rank: int | None
    stay: Participation


@dataclass(frozen=True)
class StandingsPage:
    """A page of a part of the field."""

    lines: list[StandingsLine]
    next_cursor: str | None


def standing_page(tournament: Tournament, part: StandingsSection, *, cursor: str | None, limit: int) -> StandingsPage:
    """A page of a part of the field: the ranked best first, the others in the order in which they joined.

    :raises Invalid: the cursor is not one of this list.
    """
    scope = f"standing\n{tournament.pk}\n{part}"
    page: Page[Any]
    if part is StandingsSection.RANKED:
        ranked = LeaderboardRow.objects.filter(tournament=tournament.pk).select_related("participation__gamer")
        page = page_of(ranked, BEST_FIRST, scope=scope, cursor=cursor, limit=limit)
        stays = [row.participation for row in page.rows]
        return StandingsPage(list(_lines(stays, _first_rank(stays, is_top=not cursor))), page.next_cursor)
    page = page_of(_unranked(tournament.pk, part), JOINED_FIRST, scope=scope, cursor=cursor, limit=limit)
    return StandingsPage([StandingsLine(None, stay) for stay in page.rows], page.next_cursor)


def _unranked(tournament_id: UUID, part: StandingsSection) -> QuerySet[Participation]:
    rows = Participation.objects.filter(tournament=tournament_id).select_related("gamer")
    if part is StandingsSection.UNSCORED:
        return rows.filter(left_at=None, score=None, disqualified_at=None)
    return rows.filter(disqualified_at__isnull=False)


def _first_rank(stays: list[Participation], *, is_top: bool) -> int:
    if is_top or not stays:
        return 1
    return stays[0].final_rank or rank_of(stays[0].tournament_id, position_of(stays[0]))


def _lines(stays: list[Participation], first: int) -> Iterable[StandingsLine]:
    for rank, stay in enumerate(stays, start=first):
        yield StandingsLine(rank, stay)


def line_of(participation_id: UUID) -> StandingsLine | None:
    """One stay with its gamer, tournament and rank; None where there is none of that id."""
    stay = Participation.objects.select_related("gamer", "tournament").filter(pk=participation_id).first()
    if stay is None:
        return None
    if stay.rank_key is None:
        return StandingsLine(None, stay)
    return StandingsLine(stay.final_rank or rank_of(stay.tournament_id, position_of(stay)), stay)


def stays_of(tournament: Tournament, user_id: str) -> list[Participation]:
    """The newest stays of the gamer of that name in a tournament, also those that were left."""
    rows = Participation.objects.filter(tournament=tournament.pk, gamer__client=tournament.client_id)
    return list(rows.filter(gamer__user_id=user_id).order_by("-id")[:STAYS_LISTED])


def score_page(participation_id: UUID, *, cursor: str | None, limit: int) -> Page[ScoreEvent]:
    """The accepted scores of a participation, newest first; also the voided ones.

    :raises Invalid: the cursor is not one of this list.
    """
    rows = ScoreEvent.objects.filter(participation=participation_id)
    return page_of(rows, NEWEST_SCORE_FIRST, scope=f"scores\n{participation_id}", cursor=cursor, limit=limit)


def score_of(participation_id: UUID, event_id: int) -> ScoreEvent | None:
    """One accepted score of a participation, by its number."""
    return ScoreEvent.objects.filter(participation=participation_id, pk=event_id).first()


def count_scores(tournament_id: UUID, most: int) -> int:
    """How many scores a tournament's field has posted, counted no further than `most`."""
    return ScoreEvent.objects.filter(participation__tournament=tournament_id)[:most].count()


def rulings_of(participation_id: UUID) -> list[Ruling]:
    """What referees ruled about a participation, newest first."""
    return list(Ruling.objects.filter(participation=participation_id).order_by("-id")[:RULINGS_LISTED])

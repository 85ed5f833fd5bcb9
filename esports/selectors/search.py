"""Finding play's rows by what somebody was told: exactly, or by a title's beginning, and by an index each."""

from uuid import UUID

from django.db.models import QuerySet

from esports.models import Participation, Tournament, TournamentSeries, TournamentTemplate

# Characters.
TRIGRAM = 3


def tournaments_by_id(id: UUID) -> QuerySet[Tournament]:
    """The tournament of that id."""
    return Tournament.objects.select_related("client").filter(pk=id)


def entitled(rows: QuerySet[Tournament], text: str) -> QuerySet[Tournament]:
    """Those of `rows` with the text anywhere in the title (index `titles_by_trigram`); of fewer than three characters,
    which make no trigram, those whose titles begin so (index `tournaments_by_title`)."""
    return rows.filter(title__icontains=text) if len(text) >= TRIGRAM else rows.filter(title__istartswith=text)


def tournaments_by_title(beginning: str) -> QuerySet[Tournament]:
    """Tournaments whose titles begin so, in either case (index `tournaments_by_title`)."""
    return Tournament.objects.select_related("client").filter(title__istartswith=beginning)


def participations_by_id(id: UUID) -> QuerySet[Participation]:
    """The participation of that id, with its tournament and gamer."""
    return Participation.objects.select_related("tournament", "gamer").filter(pk=id)


def series_by_id(id: UUID) -> QuerySet[TournamentSeries]:
    """The series of that id."""
    return TournamentSeries.objects.filter(pk=id)


def templates_by_id(id: UUID) -> QuerySet[TournamentTemplate]:
    """The template of that id."""
    return TournamentTemplate.objects.select_related("client").filter(pk=id)

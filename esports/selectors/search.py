"""Finding rows by an id or a title, each by an index."""

from uuid import UUID

from django.db.models import QuerySet

from esports.models import Participation, Tournament, TournamentSeries, TournamentTemplate

# Characters.
TRIGRAM = 3


def tournaments_by_id(id: UUID) -> QuerySet[Tournament]:
    """The tournament of that id."""
    return Tournament.objects.select_related("client").filter(pk=id)


def entitled(rows: QuerySet[Tournament], text: str) -> QuerySet[Tournament]:
    """The tournaments of `rows` with the text anywhere in the title (index `titles_by_trigram`). A text of fewer than
    three characters makes no trigram: then titles must begin with it (index `tournaments_by_title`)."""
    return rows.filter(title__icontains=text) if len(text) >= TRIGRAM else rows.filter(title__istartswith=text)


def tournaments_by_title(beginning: str) -> QuerySet[Tournament]:
    """Tournaments whose titles begin with a text, in either case (index `tournaments_by_title`)."""
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

"""Play as CSV: who took part in what."""

from django.db.models import QuerySet

from esports.models import Participation
from kgen.api.pagination import Key
from kgen.jobs.registry import export
from kgen.jobs.tables import Column, Scope, Table


def _participations(scope: Scope) -> QuerySet[Participation]:
    rows = Participation.objects.select_related("gamer", "tournament")
    if scope.about is not None:
        rows = rows.filter(tournament=scope.about)
    return scope.within(rows, "joined_at")


PARTICIPATIONS = export(
    Table(
        name="participations",
        title="Participations",
        permission="esports.view_tournament",
        columns=(
            Column("participation", lambda row: row.pk),
            Column("client", lambda row: row.client_id),
            Column("tournament", lambda row: row.tournament_id),
            Column("title", lambda row: row.tournament.title),
            Column("gamer", lambda row: row.gamer_id),
            Column("user id", lambda row: row.gamer.user_id),
            Column("stake", lambda row: row.stake),
            Column("currency", lambda row: row.tournament.currency),
            Column("joined", lambda row: row.joined_at),
            Column("left", lambda row: row.left_at),
            Column("refunded", lambda row: row.refunded_at),
            Column("score", lambda row: row.score),
            Column("reached", lambda row: row.reached_at),
            Column("final rank", lambda row: row.final_rank),
            Column("prize", lambda row: row.prize),
        ),
        rows=_participations,
        key=(Key("id", "uuid"),),
        about="tournament",
    )
)

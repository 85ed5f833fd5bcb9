"""Participations as CSV."""

from django.db.models import QuerySet

from esports.models import Participation, Tournament
from kgen.api.pagination import Key
from kgen.jobs.registry import export
from kgen.jobs.tables import ExportColumn, ExportScope, ExportTable, Subject


def _participations(scope: ExportScope) -> QuerySet[Participation]:
    rows = Participation.objects.select_related("gamer", "tournament")
    if scope.about is not None:
        rows = rows.filter(tournament=scope.about)
    return scope.within(rows, "joined_at")


PARTICIPATIONS = export(
    ExportTable(
        name="participations",
        title="Participations",
        permission="esports.view_tournament",
        columns=(
            ExportColumn("participation", lambda row: row.pk),
            ExportColumn("client", lambda row: row.client_id),
            ExportColumn("tournament", lambda row: row.tournament_id),
            ExportColumn("title", lambda row: row.tournament.title),
            ExportColumn("gamer", lambda row: row.gamer_id),
            ExportColumn("user id", lambda row: row.gamer.user_id),
            ExportColumn("stake", lambda row: row.stake),
            ExportColumn("currency", lambda row: row.tournament.currency),
            ExportColumn("joined", lambda row: row.joined_at),
            ExportColumn("left", lambda row: row.left_at),
            ExportColumn("refunded", lambda row: row.refunded_at),
            ExportColumn("score", lambda row: row.score),
            ExportColumn("reached", lambda row: row.reached_at),
            ExportColumn("final rank", lambda row: row.final_rank),
            ExportColumn("prize", lambda row: row.prize),
        ),
        rows=_participations,
        key=(Key("id", "uuid"),),
        about=Subject("tournament", lambda id: Tournament.objects.filter(pk=id)),
    )
)

"""Results as CSV: final ranks and prizes, and what became of each prize."""

from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import QuerySet

from kgen.api.pagination import Key
from kgen.jobs.registry import export
from kgen.jobs.tables import ExportColumn, ExportScope, ExportTable, Subject


def _results(scope: ExportScope) -> QuerySet[Any]:
    stays: Any = apps.get_model("esports.Participation").objects
    rows = stays.filter(final_rank__isnull=False).select_related("gamer", "tournament", "reward")
    if scope.about is not None:
        rows = rows.filter(tournament=scope.about)
    found: QuerySet[Any] = scope.within(rows, "tournament__settled_at")
    return found


def _tournament(id: UUID) -> QuerySet[Any]:
    found: QuerySet[Any] = apps.get_model("esports.Tournament")._default_manager.filter(pk=id)
    return found


def _of_reward(row: Any, name: str) -> Any:
    # A rank that wins nothing has no reward.
    return getattr(getattr(row, "reward", None), name, None)


RESULTS = export(
    ExportTable(
        name="results",
        title="Tournament results",
        permission="rewards.view_settlement",
        columns=(
            ExportColumn("tournament", lambda row: row.tournament_id),
            ExportColumn("title", lambda row: row.tournament.title),
            ExportColumn("client", lambda row: row.client_id),
            ExportColumn("settled", lambda row: row.tournament.settled_at),
            ExportColumn("rank", lambda row: row.final_rank),
            ExportColumn("gamer", lambda row: row.gamer_id),
            ExportColumn("user id", lambda row: row.gamer.user_id),
            ExportColumn("score", lambda row: row.score),
            ExportColumn("prize", lambda row: row.prize),
            ExportColumn("currency", lambda row: row.tournament.currency),
            ExportColumn("reward", lambda row: _of_reward(row, "id")),
            ExportColumn("claim", lambda row: _of_reward(row, "status")),
        ),
        rows=_results,
        key=(Key("tournament_id", "uuid"), Key("final_rank")),
        about=Subject("tournament", _tournament),
    )
)

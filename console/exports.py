"""Results as CSV: final ranks and prizes, with the claim of each prize."""

from typing import Any

from django.db.models import QuerySet

from esports.selectors.search import tournaments_by_id
from esports.selectors.standings import ranked_participations
from kgen.api.pagination import Key
from kgen.jobs.registry import export
from kgen.jobs.tables import ExportColumn, ExportScope, ExportTable, Subject


def _results(scope: ExportScope) -> QuerySet[Any]:
    rows = ranked_participations().select_related("reward")
    if scope.about is not None:
        rows = rows.filter(tournament=scope.about)
    return scope.within(rows, "tournament__settled_at")


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
        about=Subject("tournament", tournaments_by_id),
    )
)

"""Results as CSV: final ranks and prizes, and what became of each prize."""

from typing import Any

from django.apps import apps
from django.db.models import QuerySet

from kgen.api.pagination import Key
from kgen.jobs.registry import export
from kgen.jobs.tables import Column, Scope, Table


def _results(scope: Scope) -> QuerySet[Any]:
    stays: Any = apps.get_model("esports.Participation").objects
    rows = stays.filter(final_rank__isnull=False).select_related("gamer", "tournament", "reward")
    if scope.about is not None:
        rows = rows.filter(tournament=scope.about)
    found: QuerySet[Any] = scope.within(rows, "tournament__settled_at")
    return found


def _of_reward(row: Any, name: str) -> Any:
    # A rank that wins nothing has no reward.
    return getattr(getattr(row, "reward", None), name, None)


RESULTS = export(
    Table(
        name="results",
        title="Tournament results",
        permission="rewards.view_settlement",
        columns=(
            Column("tournament", lambda row: row.tournament_id),
            Column("title", lambda row: row.tournament.title),
            Column("client", lambda row: row.client_id),
            Column("settled", lambda row: row.tournament.settled_at),
            Column("rank", lambda row: row.final_rank),
            Column("gamer", lambda row: row.gamer_id),
            Column("user id", lambda row: row.gamer.user_id),
            Column("score", lambda row: row.score),
            Column("prize", lambda row: row.prize),
            Column("currency", lambda row: row.tournament.currency),
            Column("reward", lambda row: _of_reward(row, "id")),
            Column("claim", lambda row: _of_reward(row, "status")),
        ),
        rows=_results,
        key=(Key("tournament_id", "uuid"), Key("final_rank")),
        about="tournament",
    )
)

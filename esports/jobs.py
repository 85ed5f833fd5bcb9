"""What operators do with many tournaments at once."""

from functools import partial

from esports.models import Tournament
from esports.services.cancelling import cancel_once
from kgen.jobs.registry import Action, ItemCall, job


@job(
    "tournaments.cancel",
    title="Cancel tournaments: all stakes go back",
    permission="esports.cancel_tournament",
    trace="tournament.cancel",
    subjects=Tournament.objects.all,
    page="tournament_page",
)
def cancel(turn: ItemCall) -> Action:
    """Cancel a tournament before its end; what its own journey does not refund at once is a duty."""
    tournament: Tournament = turn.subject
    return partial(cancel_once, client_id=tournament.client_id, uid=str(tournament.pk), reason=turn.reason)

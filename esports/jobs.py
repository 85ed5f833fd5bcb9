"""Operators' actions on many tournaments at once."""

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
def cancel(call: ItemCall) -> Action:
    """Cancel a tournament before its end; a duty makes the refunds that the call itself does not."""
    tournament: Tournament = call.subject
    return partial(cancel_once, client_id=tournament.client_id, uid=str(tournament.pk), reason=call.reason)

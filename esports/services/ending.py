"""Ending a tournament early, by its organiser. Everything after that is as after any end."""

from uuid import UUID

from esports.locks import lock_all_participations, lock_seats, reread_under_lock
from esports.models import Tournament
from esports.selectors.tournaments import TournamentAt, check_not_over, tournament_of_client
from kgen.errors import WrongState
from kgen.transactions import transactional


@transactional
def end_tournament(*, client_id: UUID, uid: str) -> TournamentAt:
    """End a tournament that is under way, now, and close its entries if they are open.

    Every score that was accepted until now counts, and no later one. Its status, COMPLETED or CANCELLED, and its
    settlement follow as after any end; the delay for review begins now.

    :raises TournamentNotFound: the client has none of that id.
    :raises WrongState: it is cancelled or over, or play has not started.
    """
    found = tournament_of_client(client_id, uid)
    lock_seats(found.tournament.pk)
    # A transaction that accepts a score holds the participation and has compared the clock with the old end. This
    # waits for it, so that no accepted score is later than the new end.
    lock_all_participations(found.tournament.pk)
    current = reread_under_lock(found.tournament.pk)
    tournament, now = current.tournament, current.now
    if tournament.cancelled_at is not None:
        raise WrongState("The tournament is cancelled.")
    check_not_over(current)
    if now < tournament.starts_at:
        raise WrongState("Play has not started: cancel the tournament instead.")
    Tournament.objects.filter(pk=tournament.pk).update(
        locks_at=min(tournament.locks_at, now), ends_at=now, updated_at=now
    )
    return reread_under_lock(tournament.pk)

"""Ending a tournament before its time: the organiser's own act. What follows is what follows every end."""

from uuid import UUID

from esports.locks import lock_all_participations, lock_seats, reread_under_lock
from esports.models import Tournament
from esports.selectors.tournaments import TournamentAt, tournament_of_client
from kgen.errors import WrongState
from kgen.transactions import transactional


@transactional
def end_tournament(*, client_id: UUID, uid: str) -> TournamentAt:
    """End a tournament that is under way this moment, and its entries if they are open.

    Every score that was accepted until now counts and none after it. What it comes to, COMPLETED or CANCELLED, and
    when it is settled is as after any end, the delay for review counted from now.

    :raises TournamentNotFound: the client has none of that id.
    :raises WrongState: it is cancelled or over, or play has not started.
    """
    found = tournament_of_client(client_id, uid)
    lock_seats(found.tournament.pk)
    # Whoever is accepting a score holds a participation and has judged it by the old end: those are waited for, so
    # that nothing accepted lies behind the new one.
    lock_all_participations(found.tournament.pk)
    current = reread_under_lock(found.tournament.pk)
    tournament, now = current.tournament, current.now
    if tournament.cancelled_at is not None or now >= tournament.ends_at:
        raise WrongState("The tournament is over.")
    if now < tournament.starts_at:
        raise WrongState("Play has not started: cancel the tournament instead.")
    Tournament.objects.filter(pk=tournament.pk).update(
        locks_at=min(tournament.locks_at, now), ends_at=now, updated_at=now
    )
    return reread_under_lock(tournament.pk)

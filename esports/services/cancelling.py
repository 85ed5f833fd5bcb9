"""Cancelling: at once by hand, or by the clock for a field that came to nothing. All stakes go back."""

from dataclasses import dataclass
from uuid import UUID

import structlog

from esports.lifecycle import Status
from esports.locks import claim_sweep, lock_seats, reread_under_lock
from esports.models import Participation, Tournament
from esports.selectors.tournaments import TournamentAt, cancellations_due, stakes_to_refund, tournament_of_client
from kgen.clock import database_now
from kgen.errors import WrongState
from kgen.transactions import transactional
from wallet import ledger

log = structlog.get_logger(__name__)

# So many refunds fit into the answer to a cancellation; the rest is a duty.
REFUNDS_AT_ONCE = 1000


@dataclass(frozen=True)
class Cancelled:
    """A cancelled tournament and how many stakes are still to go back."""

    current: TournamentAt
    refunds_pending: int


@transactional
def cancel_tournament(*, client_id: UUID, uid: str, reason: str) -> Cancelled:
    """Cancel a tournament before its end and refund up to 1,000 stakes. Again gives the same answer.

    :raises TournamentNotFound: the client has none of that id.
    :raises WrongState: it is over.
    """
    current = _locked(client_id, uid)
    if current.tournament.cancelled_at is None:
        current = _cancel(current, reason)
    return _told(current)


@transactional
def cancel_once(*, client_id: UUID, uid: str, reason: str) -> Cancelled:
    """Cancel it as `cancel_tournament` does, but refuse to again: for operators, whose acts are kept one by one.

    :raises TournamentNotFound: the client has none of that id.
    :raises WrongState: it is cancelled already, or over.
    """
    current = _locked(client_id, uid)
    if current.tournament.cancelled_at is not None:
        raise WrongState("The tournament is cancelled already.")
    return _told(_cancel(current, reason))


def _locked(client_id: UUID, uid: str) -> TournamentAt:
    found = tournament_of_client(client_id, uid)
    lock_seats(found.tournament.pk)
    return reread_under_lock(found.tournament.pk)


def _cancel(current: TournamentAt, reason: str) -> TournamentAt:
    tournament = current.tournament
    if current.now >= tournament.ends_at:
        raise WrongState("The tournament is over.")
    changes = {"cancelled_at": current.now, "cancel_reason": reason, "updated_at": current.now}
    Tournament.objects.filter(pk=tournament.pk).update(**changes)
    _refund(tournament)
    return reread_under_lock(tournament.pk)


def _told(current: TournamentAt) -> Cancelled:
    return Cancelled(current, stakes_to_refund(current.tournament.pk).count())


@transactional
def book_cancellation(*, tournament_id: UUID) -> bool:
    """Duty: refund up to 1,000 stakes of a tournament whose status is CANCELLED; whether some are left after it.

    Where another sweep is at work on the tournament it is left to that one.
    """
    if not claim_sweep(tournament_id):
        return False
    lock_seats(tournament_id)
    current = reread_under_lock(tournament_id)
    if current.status is not Status.CANCELLED or current.tournament.refunded_at is not None:
        return False
    _refund(current.tournament)
    return stakes_to_refund(tournament_id).exists()


def book_cancellations(*, most: int = 100) -> int:
    """Duty: book the cancellations that are due, each in transactions of its own; how many tournaments."""
    due = cancellations_due(most)
    for tournament_id in due:
        try:
            while book_cancellation(tournament_id=tournament_id):
                pass
        except Exception:
            # It stays due and is tried again; other clients' gamers must not wait for it.
            log.exception("cancellation not booked", tournament_id=str(tournament_id))
    return len(due)


def _refund(tournament: Tournament) -> None:
    """Give the next stakes back, and with the last of them the sponsorship."""
    # The participations' locks come before the accounts'; a score that holds one is waited for.
    stays = list(
        stakes_to_refund(tournament.pk)
        .select_for_update()
        .order_by("id")
        .values_list("id", flat=True)[:REFUNDS_AT_ONCE]
    )
    ledger.reverse_many({f"join:{id}": f"refund:{id}" for id in stays}, kind=ledger.Kind.REFUND)
    Participation.objects.filter(pk__in=stays).update(refunded_at=database_now())
    if len(stays) < REFUNDS_AT_ONCE or not stakes_to_refund(tournament.pk).exists():
        _finish(tournament)


def _finish(tournament: Tournament) -> None:
    ledger.return_sponsorship(
        client_id=tournament.client_id,
        currency=tournament.currency,
        escrow=tournament.escrow_id,
        amount=tournament.sponsored_amount,
        reference=f"sponsorship:{tournament.pk}:return",
    )
    Tournament.objects.filter(pk=tournament.pk).update(refunded_at=database_now())

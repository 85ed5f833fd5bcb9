"""Cancelling: by a studio or operator at any time before the end, or by the clock. All stakes are refunded."""

from dataclasses import dataclass
from uuid import UUID

import structlog

from esports.lifecycle import Status
from esports.locks import claim_sweep, lock_seats, reread_under_lock
from esports.models import Participation, Tournament
from esports.selectors.tournaments import (
    TournamentAt,
    cancellations_due,
    check_not_over,
    stakes_to_refund,
    tournament_of_client,
)
from kgen.clock import database_now
from kgen.errors import WrongState
from kgen.transactions import transactional
from wallet import ledger, references

log = structlog.get_logger(__name__)

# The most refunds in one transaction; a duty makes the rest.
REFUNDS_AT_ONCE = 1000


@dataclass(frozen=True)
class Cancelled:
    """A cancelled tournament and the number of stakes that are still to refund."""

    current: TournamentAt
    refunds_pending: int


@transactional
def cancel_tournament(*, client_id: UUID, uid: str, reason: str) -> Cancelled:
    """Cancel a tournament before its end and refund up to 1,000 stakes. A second call gives the same answer.

    :raises TournamentNotFound: the client has none of that id.
    :raises WrongState: it is over.
    """
    current = _locked(client_id, uid)
    if current.tournament.cancelled_at is None:
        current = _cancel(current, reason)
    return _outcome(current)


@transactional
def cancel_once(*, client_id: UUID, uid: str, reason: str) -> Cancelled:
    """Cancel as `cancel_tournament` does, but refuse a second call: for operators, whose actions are each recorded.

    :raises TournamentNotFound: the client has none of that id.
    :raises WrongState: it is cancelled already, or over.
    """
    current = _locked(client_id, uid)
    if current.tournament.cancelled_at is not None:
        raise WrongState("The tournament is cancelled already.")
    return _outcome(_cancel(current, reason))


def _locked(client_id: UUID, uid: str) -> TournamentAt:
    found = tournament_of_client(client_id, uid)
    lock_seats(found.tournament.pk)
    return reread_under_lock(found.tournament.pk)


def _cancel(current: TournamentAt, reason: str) -> TournamentAt:
    tournament = current.tournament
    check_not_over(current)
    changes = {"cancelled_at": current.now, "cancel_reason": reason, "updated_at": current.now}
    Tournament.objects.filter(pk=tournament.pk).update(**changes)
    _refund(tournament)
    return reread_under_lock(tournament.pk)


def _outcome(current: TournamentAt) -> Cancelled:
    return Cancelled(current, stakes_to_refund(current.tournament.pk).count())


@transactional
def book_cancellation(*, tournament_id: UUID) -> bool:
    """Duty: refund up to 1,000 stakes of a CANCELLED tournament; whether more are left.

    Another sweep that works on the tournament already goes on alone.
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
    """Duty: book the cancellations that are due, each in its own transactions; how many tournaments."""
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
    """Refund the next stakes, and with the last of them the sponsorship."""
    # The participations' locks come before the accounts'; this waits for a score that holds one.
    participations = list(
        stakes_to_refund(tournament.pk)
        .select_for_update()
        .order_by("id")
        .values_list("id", flat=True)[:REFUNDS_AT_ONCE]
    )
    ledger.reverse_many(
        {references.stake(id): references.stake_refund(id) for id in participations}, kind=ledger.Kind.REFUND
    )
    Participation.objects.filter(pk__in=participations).update(refunded_at=database_now())
    if len(participations) < REFUNDS_AT_ONCE or not stakes_to_refund(tournament.pk).exists():
        _finish(tournament)


def _finish(tournament: Tournament) -> None:
    ledger.return_sponsorship(
        client_id=tournament.client_id,
        currency=tournament.currency,
        escrow=tournament.escrow_id,
        amount=tournament.sponsored_amount,
        reference=references.sponsorship_return(tournament.pk),
    )
    Tournament.objects.filter(pk=tournament.pk).update(refunded_at=database_now())

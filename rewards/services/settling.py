"""Settlement: divides a completed tournament's escrow into prizes, the house's share and the sponsor's rest, once."""

from uuid import UUID

from django.db import connection
from uuid_utils.compat import uuid7

from esports.results import WINNERS, BookedResults, book_results
from esports.selectors.tournaments import settlements_due
from kgen.transactions import transactional
from kgen.webhooks.events import emit
from rewards.models import Settlement
from rewards.shares import destinations
from wallet import ledger, references


@transactional
def settle_tournament(*, tournament_id: UUID) -> Settlement | None:
    """Duty: settle a tournament: ranks, prizes, rewards, the ledger and the record, in one transaction.

    None if there is nothing to settle. A kill at any point leaves it unsettled and due.
    """
    results = book_results(tournament_id)
    if results is None:
        return None
    _empty_escrow(results)
    _write_rewards(results)
    _emit_settled(results)  # after book_results has emitted the completion
    return Settlement.objects.create(
        tournament=results.tournament,
        client_id=results.tournament.client_id,
        inputs=results.inputs,
        **results.shares._asdict(),
        sha256=results.sha256,
        settled_at=results.settled_at,
    )


def settle_due(*, most: int = 100) -> int:
    """Duty: settle the tournaments that are due, each in its own transaction; how many were settled."""
    settled = [settle_tournament(tournament_id=tournament_id) for tournament_id in settlements_due(most)]
    return sum(settlement is not None for settlement in settled)


def _emit_settled(results: BookedResults) -> None:
    tournament, shares = results.tournament, results.shares
    data = {"tournament_uid": str(tournament.pk), "winners": shares.winners, "prizes": shares.prizes}
    emit(tournament.client_id, "tournament.settled", data)


def _empty_escrow(results: BookedResults) -> None:
    """Escrow → rewards_payable + house + sponsor, so that unclaimed prizes are always backed."""
    tournament = results.tournament
    transfers = [
        ledger.Transfer(
            tournament.escrow_id,
            ledger.system_account(client_id=tournament.client_id, currency=tournament.currency, kind=kind),
            amount,
        )
        for kind, amount in destinations(results.shares)
    ]
    if transfers:
        ledger.book(
            ledger.JournalEntry(
                references.settlement(tournament.pk),
                ledger.Kind.SETTLEMENT,
                tournament.client_id,
                tournament.currency,
                transfers,
            )
        )


def _write_rewards(results: BookedResults) -> None:
    """Write a reward for each winner, by one statement that reads the prizes from the participations."""
    tournament, now, winners = results.tournament, results.settled_at, results.shares.winners
    if winners:
        ids = [uuid7() for _ in range(winners)]
        with connection.cursor() as cursor:
            cursor.execute(_REWARDS, [tournament.currency, now, now, ids, tournament.pk])


_REWARDS = f"""
INSERT INTO rewards_reward (status, currency, created_at, updated_at, id, client_id, tournament_id, participation_id,
                            gamer_id, rank, amount)
SELECT 'UNCLAIMED', %s, %s, %s, new.id, client_id, tournament_id, winner.id, gamer_id, final_rank, prize
  FROM unnest(%s::uuid[]) WITH ORDINALITY AS new (id, number)
  JOIN ({WINNERS}) AS winner USING (number)
"""

"""Settlement: a completed tournament's escrow becomes prizes, the house's share and the sponsor's rest, once."""

from uuid import UUID

from django.db import connection
from uuid_utils.compat import uuid7

from esports.results import BookedResults, book_results
from esports.selectors.tournaments import settlements_due
from kgen.transactions import transactional
from kgen.webhooks.events import emit
from rewards.models import Settlement
from rewards.selectors import shares_of
from wallet import ledger


@transactional
def settle_tournament(*, tournament_id: UUID) -> Settlement | None:
    """Duty: settle a tournament: ranks, prizes, rewards, the ledger and the record, in one transaction.

    None where there was nothing to settle. A kill at any point leaves it unsettled and due.
    """
    results = book_results(tournament_id)
    if results is None:
        return None
    _empty_escrow(results)
    _write_rewards(results)
    _tell(results)  # behind what book_results tells: that it is completed
    return Settlement.objects.create(
        tournament=results.tournament,
        client_id=results.tournament.client_id,
        inputs=results.inputs,
        ranked=results.ranked,
        winners=results.winners,
        prizes=results.prizes,
        to_house=results.to_house,
        to_sponsor=results.to_sponsor,
        sha256=results.sha256,
        settled_at=results.settled_at,
    )


def settle_due(*, most: int = 100) -> int:
    """Duty: settle what is due, each tournament in a transaction of its own; how many were."""
    settled = [settle_tournament(tournament_id=tournament_id) for tournament_id in settlements_due(most)]
    return sum(settlement is not None for settlement in settled)


def _tell(results: BookedResults) -> None:
    tournament = results.tournament
    data = {"tournament_uid": str(tournament.pk), "winners": results.winners, "prizes": results.prizes}
    emit(tournament.client_id, "tournament.settled", data)


def _empty_escrow(results: BookedResults) -> None:
    """Escrow → rewards_payable + house + sponsor, so that unclaimed prizes are always backed."""
    tournament = results.tournament
    moves = [
        ledger.Transfer(
            tournament.escrow_id,
            ledger.system_account(client_id=tournament.client_id, currency=tournament.currency, kind=kind),
            amount,
        )
        for kind, amount in shares_of(results)
    ]
    if moves:
        ledger.book(
            ledger.JournalEntry(
                f"settlement:{tournament.pk}",
                ledger.Kind.SETTLEMENT,
                tournament.client_id,
                tournament.currency,
                moves,
            )
        )


def _write_rewards(results: BookedResults) -> None:
    """One reward for each prize that stands on a participation: none of them has to come here first."""
    tournament, now = results.tournament, results.settled_at
    if results.winners:
        with connection.cursor() as cursor:
            cursor.execute(
                _REWARDS, [tournament.currency, now, now, [uuid7() for _ in range(results.winners)], tournament.pk]
            )


_REWARDS = """
INSERT INTO rewards_reward (status, currency, created_at, updated_at, id, client_id, tournament_id, participation_id,
                            gamer_id, rank, amount)
SELECT 'UNCLAIMED', %s, %s, %s, fresh.id, client_id, tournament_id, winner.id, gamer_id, final_rank, prize
  FROM unnest(%s::uuid[]) WITH ORDINALITY AS fresh (id, number)
  JOIN (SELECT *, row_number() OVER (ORDER BY final_rank) AS number FROM esports_participation
         WHERE tournament_id = %s AND left_at IS NULL AND prize > 0) AS winner USING (number)
"""

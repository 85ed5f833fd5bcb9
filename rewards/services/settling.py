"""Settlement: a completed tournament's escrow becomes prizes, the house's share and the sponsor's rest, once."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from uuid_utils.compat import uuid7

from esports.results import Place, Results, book_results
from esports.selectors.tournaments import settlements_due
from kgen.transactions import journey
from kgen.webhooks.events import tell
from rewards.models import Settlement
from rewards.selectors import shares_of
from wallet import ledger


@journey
def settle_tournament(*, tournament_id: UUID) -> Settlement | None:
    """Duty: settle a tournament: ranks, prizes, rewards, the ledger and the record, in one transaction.

    None where there was nothing to settle. A kill at any point leaves it unsettled and due.
    """
    results = book_results(tournament_id)
    if results is None:
        return None
    _empty_escrow(results)
    winners = [place for place in results.places if place.prize]
    _write_rewards(results, winners)
    _tell(results, len(winners))  # behind what book_results tells: that it is completed
    return Settlement.objects.create(
        tournament=results.tournament,
        client_id=results.tournament.client_id,
        inputs=results.inputs,
        ranked=len(results.places),
        winners=len(winners),
        prizes=results.prizes,
        to_house=results.to_house,
        to_sponsor=results.to_sponsor,
        sha256=results.fingerprint(),
        settled_at=results.settled_at,
    )


def settle_due(*, most: int = 100) -> int:
    """Duty: settle what is due, each tournament in a transaction of its own; how many were."""
    settled = [settle_tournament(tournament_id=tournament_id) for tournament_id in settlements_due(most)]
    return sum(settlement is not None for settlement in settled)


def _tell(results: Results, winners: int) -> None:
    tournament = results.tournament
    data = {"tournament_uid": str(tournament.pk), "winners": winners, "prizes": results.prizes}
    tell(tournament.client_id, "tournament.settled", data)


def _empty_escrow(results: Results) -> None:
    """Escrow → rewards_payable + house + sponsor, so that unclaimed prizes are always backed."""
    tournament = results.tournament
    moves = [
        ledger.Move(
            tournament.escrow_id,
            ledger.system_account(client_id=tournament.client_id, currency=tournament.currency, kind=kind),
            amount,
        )
        for kind, amount in shares_of(results)
    ]
    if moves:
        ledger.book(
            ledger.Entry(
                f"settlement:{tournament.pk}",
                ledger.Kind.SETTLEMENT,
                tournament.client_id,
                tournament.currency,
                moves,
            )
        )


def _write_rewards(results: Results, winners: Iterable[Place]) -> None:
    rows = [(uuid7(), place.participation_id, place.gamer_id, place.rank, place.prize) for place in winners]
    if not rows:
        return
    tournament, now = results.tournament, results.settled_at
    constant: list[UUID | str | datetime] = [tournament.client_id, tournament.pk, tournament.currency, now, now]
    with connection.cursor() as cursor:
        columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)]
        cursor.execute(_REWARDS, [*constant, *columns])


_REWARDS = """
INSERT INTO rewards_reward (client_id, tournament_id, currency, created_at, updated_at, status,
                            id, participation_id, gamer_id, rank, amount)
SELECT %s, %s, %s, %s, %s, 'UNCLAIMED', new.*
  FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::int[], %s::bigint[]) AS new
"""

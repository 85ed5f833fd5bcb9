"""Verifying settlements for an operator: the trail records who did it, and that the record held."""

from uuid import UUID

from django.db import connection

from kgen.errors import Conflict, RecordNotFound
from kgen.transactions import transactional
from rewards.models import Settlement
from rewards.selectors import settlement_differences, settlement_of

DIFFERENCES_NAMED = 3


@transactional
def verify_settlement(*, tournament_id: UUID) -> Settlement:
    """Recompute a settlement from its score events, as `manage.py verify_settlement` does; it changes nothing.

    :raises RecordNotFound: the tournament is not settled.
    :raises Conflict: the record does not hold; the detail names the first differences.
    """
    settlement = settlement_of(tournament_id)
    if settlement is None:
        raise RecordNotFound()
    with connection.cursor() as cursor:
        # The field may have a million gamers, and the transaction idles while Python folds their scores.
        cursor.execute("SET LOCAL statement_timeout = '10min'")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '10min'")
    if differences := settlement_differences(settlement):
        first = "; ".join(differences[:DIFFERENCES_NAMED])
        raise Conflict(f"It does not hold: {len(differences):,} differences. {first}")
    return settlement

"""Verifying settlements on an operator's behalf: the trace says who did, and that it held."""

from uuid import UUID

from django.db import connection

from kgen.errors import Conflict, RecordNotFound
from kgen.transactions import transactional
from rewards.models import Settlement
from rewards.selectors import settlement_differences, settlement_of

DIFFERENCES_TOLD = 3


@transactional
def verify_settlement(*, tournament_id: UUID) -> Settlement:
    """Work a settlement out anew from its score events, as `manage.py verify_settlement` does; nothing is changed.

    :raises RecordNotFound: the tournament is not settled.
    :raises Conflict: the record does not hold; the first differences in words.
    """
    settlement = settlement_of(tournament_id)
    if settlement is None:
        raise RecordNotFound()
    with connection.cursor() as cursor:
        # The field may be a million strong, and folding it keeps the transaction waiting for long.
        cursor.execute("SET LOCAL statement_timeout = '10min'")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '10min'")
    if differences := settlement_differences(settlement):
        told = "; ".join(differences[:DIFFERENCES_TOLD])
        raise Conflict(f"It does not hold: {len(differences):,} differences. {told}")
    return settlement

"""What the database itself says of payouts: which one it is, and which rails run."""

from django.db import connection

from wallet.models import Pause, PayoutRail


def system_marker() -> str:
    """Names this very database in this very line of history.

    A point-in-time recovery or a failover begins a new timeline; a dump comes back under new object ids, in another
    database, or in another cluster. A byte-for-byte copy of the files alone cannot be told from the original.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MARKER)
        return str(cursor.fetchone()[0])


def paused_rails() -> dict[str, Pause]:
    """Why each rail that does not run does not."""
    return {rail.name: Pause(rail.pause) for rail in PayoutRail.objects.exclude(pause="")}


_MARKER = """
SELECT (SELECT system_identifier FROM pg_control_system()) || ':'
    || (SELECT timeline_id FROM pg_control_checkpoint()) || ':'
    || (SELECT oid FROM pg_database WHERE datname = current_database()) || ':'
    || 'wallet_withdrawal'::regclass::oid
"""

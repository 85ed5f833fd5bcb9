"""Brakes on guessing: tries are counted in PostgreSQL before they are judged, so that many at once gain nothing."""

import hashlib
import hmac
from typing import Any

from django.conf import settings
from django.db import connection, transaction

# Of one name, of one address (an office shares one), of one operator's codes.
TRIES_OF_NAME = 5
TRIES_OF_ADDRESS = 30
TRIES_OF_CODE = 5
WINDOW_SECONDS = 15 * 60
LOCK_SECONDS = 15 * 60

# One row, one statement: the row's lock puts simultaneous tries in line. A lock is not made longer by further tries.
_TAKE = """
INSERT INTO kgen_loginguard AS g (key, tries, began_at, locked_until) VALUES (%(key)s, 1, clock_timestamp(), NULL)
ON CONFLICT (key) DO UPDATE SET
    tries = CASE WHEN g.began_at < clock_timestamp() - %(window)s * interval '1 second'
                 THEN 1 ELSE g.tries + 1 END,
    began_at = CASE WHEN g.began_at < clock_timestamp() - %(window)s * interval '1 second'
                    THEN clock_timestamp() ELSE g.began_at END,
    locked_until = CASE WHEN g.locked_until > clock_timestamp() THEN g.locked_until
                        WHEN g.began_at < clock_timestamp() - %(window)s * interval '1 second' THEN NULL
                        WHEN g.tries >= %(most)s THEN clock_timestamp() + %(lock)s * interval '1 second' END
RETURNING locked_until IS NULL
"""


def take_try(kind: str, who: str, most: int) -> bool:
    """Count one try, committed before it is judged; False: there were too many, whatever this one holds."""
    asked: dict[str, Any] = {"key": _key(kind, who), "most": most, "window": WINDOW_SECONDS, "lock": LOCK_SECONDS}
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(_TAKE, asked)
        row = cursor.fetchone()
    return bool(row and row[0])


def give_try_back(kind: str, who: str) -> None:
    """The try was not judged, so it does not count."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE kgen_loginguard SET tries = tries - 1 WHERE key = %s AND tries > 0", [_key(kind, who)])


def forget_tries(kind: str, who: str) -> None:
    """The try was right: those before it were slips of the same person."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM kgen_loginguard WHERE key = %s", [_key(kind, who)])


def forget_old_tries() -> None:
    """Remove tries that no longer count, and sessions that are over."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_session WHERE expire_date < clock_timestamp()")
        cursor.execute(
            "DELETE FROM kgen_loginguard WHERE began_at < clock_timestamp() - %s * interval '1 second' "
            "AND (locked_until IS NULL OR locked_until < clock_timestamp())",
            [WINDOW_SECONDS],
        )


def _key(kind: str, who: str) -> bytes:
    """Nobody reads names or addresses out of the table; people also type passwords into the field for names."""
    return hmac.digest(settings.PEPPER, f"guard\n{kind}\n{who.casefold()}".encode(), hashlib.sha256)

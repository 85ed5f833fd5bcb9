"""Liabilities and inflows over all gamers: the running totals plus the postings that they do not count yet.

Exact at any moment: one statement, and so one snapshot, reads the totals, the mark and the postings.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from wallet.models import PostingMark


@dataclass(frozen=True)
class Held:
    """The total balance of all accounts of a kind. Below zero: more has left them than came in."""

    currency: str
    kind: str
    amount: int


@dataclass(frozen=True)
class Flow:
    """The money that moved on a UTC day between two kinds of accounts."""

    currency: str
    day: date
    kind: str
    source: str
    destination: str
    amount: int
    postings: int


@dataclass(frozen=True)
class Waiting:
    """Rows that wait for an operator: their number, and since when the oldest waits."""

    count: int
    since: datetime | None


def held_by_kind(clients: Collection[UUID] | None) -> list[Held]:
    """Totals by currency and kind of account, of these clients (None: all). The amounts of a currency add up to 0."""
    return [Held(currency, kind, int(amount)) for currency, kind, amount in _ask(_HELD, clients)]


def flows(clients: Collection[UUID] | None, *, since: date, until: date, currency: str | None = None) -> list[Flow]:
    """The flows of the days `since` … `until`, both included, of these clients (None: all), newest day first."""
    rows = _ask(_FLOWS, clients, since=since, until=until, currency=currency)
    return [
        Flow(currency, day, kind, source, destination, int(amount), int(postings))
        for currency, day, kind, source, destination, amount, postings in rows
    ]


def adjustments_to_decide(clients: Collection[UUID] | None) -> Waiting:
    """Adjustments that wait for a second operator."""
    return Waiting(*_ask(_ADJUSTMENTS, clients)[0])


def _ask(sql: str, clients: Collection[UUID] | None, **params: Any) -> list[tuple[Any, ...]]:
    limit = "" if clients is None else "AND {}client_id = ANY(%(clients)s::uuid[])"
    params |= {"clients": list(clients or ()), "mark": _mark() if "%(mark)s" in sql else 0}
    with connection.cursor() as cursor:
        cursor.execute(
            sql.replace("/*of t*/", limit.format("t.")).replace("/*own*/", limit.format("")),
            params,
        )
        return list(cursor.fetchall())


def _mark() -> int:
    return PostingMark.objects.filter(pk=1).values_list("counted", flat=True).first() or 0


# The mark appears twice: as a number that the planner can use, and from this statement's snapshot, where it may be
# further. The client is the transaction's, because a person's KGeN account belongs to no client.
_BEHIND = """
    SELECT t.client_id, p.currency, (t.created_at AT TIME ZONE 'UTC')::date AS day, t.kind, s.kind AS source,
           d.kind AS destination, sum(p.amount::numeric) AS moved, count(*) AS postings
      FROM wallet_posting p
      JOIN wallet_transaction t ON t.id = p.transaction_id
      JOIN wallet_account s ON s.id = p.source_id
      JOIN wallet_account d ON d.id = p.destination_id
     WHERE p.id > %(mark)s AND p.id > coalesce((SELECT counted FROM wallet_postingmark WHERE id = 1), 0) /*of t*/
     GROUP BY 1, 2, 3, 4, 5, 6
"""
_HELD = f"""
WITH behind AS MATERIALIZED ({_BEHIND})
SELECT currency, kind, sum(held) FROM (
    SELECT currency, kind, held FROM wallet_kindtotal WHERE true /*own*/
     UNION ALL SELECT currency, destination, moved FROM behind
     UNION ALL SELECT currency, source, -moved FROM behind) AS every
 GROUP BY currency, kind ORDER BY currency, kind
"""
_FLOWS = f"""
WITH behind AS MATERIALIZED ({_BEHIND})
SELECT currency, day, kind, source, destination, sum(moved), sum(postings) FROM (
    SELECT currency, day, kind, source, destination, moved, postings FROM wallet_daytotal
     WHERE day >= %(since)s AND day <= %(until)s /*own*/
     UNION ALL
    SELECT currency, day, kind, source, destination, moved, postings FROM behind
     WHERE day >= %(since)s AND day <= %(until)s) AS every
 WHERE %(currency)s::text IS NULL OR currency = %(currency)s
 GROUP BY currency, day, kind, source, destination ORDER BY day DESC, currency, kind, source, destination
"""
_ADJUSTMENTS = "SELECT count(*), min(created_at) FROM wallet_adjustment WHERE state = 'REQUESTED' /*own*/"

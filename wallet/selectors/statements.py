"""A wallet's statement: one entry per ledger transaction, its postings summed, newest first."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from kgen.api.pagination import Key, decode_cursor, encode_cursor
from kgen.errors import Invalid
from wallet import references
from wallet.models import Kind, State

# Its WITHDRAW entry shows the end of a withdrawal.
NOT_LISTED = (Kind.PAYOUT,)
# A returned payout was completed; its return is an entry of its own.
SYNC = {State.PAID: "COMPLETED", State.RETURNED: "COMPLETED", State.FAILED: "FAILED"}

STATEMENT_KEYS = (Key("created_at", "time", descending=True), Key("id", "uuid", descending=True))
# Behind this key is everything.
_NEWEST = (datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))


class StatementEntry(NamedTuple):
    """What one transaction did to a wallet. `amount` > 0; `credit` tells its direction."""

    uid: UUID
    kind: Kind
    credit: bool
    amount: int
    from_address: str
    to_address: str
    created_at: datetime
    balance_after: int
    sync_status: str
    updated_at: datetime
    block_number: int | None = None
    transaction_hash: str | None = None
    gas_fee: int | None = None


class StatementAsked(NamedTuple):
    """A page of a wallet's statement that somebody asks for; the first one where there is no cursor."""

    wallet_id: UUID
    scope: str
    cursor: str | None
    limit: int


# The entries of a page, and the cursor of the next one.
type StatementPage = tuple[list[StatementEntry], str | None]


def statement_page(
    wallet_id: UUID,
    *,
    kind: str | None,
    direction: str | None,
    scope: str,
    cursor: str | None,
    limit: int,
) -> StatementPage:
    """A page of a wallet's statement and the cursor of the next one.

    :raises Invalid: the cursor is not one of this list.
    """
    asked = StatementAsked(wallet_id, scope, cursor, limit)
    [found] = statement_pages([asked], kind=kind, direction=direction)
    if isinstance(found, Invalid):
        raise found
    return found


def statement_pages(
    asked: Sequence[StatementAsked], *, kind: str | None = None, direction: str | None = None
) -> list[StatementPage | Invalid]:
    """Pages of many statements by one statement, all under the same filters: for each the page, or why there is none,
    as `statement_page` raises."""
    starts = [_start(one) for one in asked]
    wanted = [
        (place, one.wallet_id, one.limit + 1, *start)
        for place, (one, start) in enumerate(zip(asked, starts, strict=True))
        if not isinstance(start, Invalid)
    ]
    found = _read(wanted, kind, direction) if wanted else {}
    return [
        start if isinstance(start, Invalid) else _page(one, found.get(place, []))
        for place, (one, start) in enumerate(zip(asked, starts, strict=True))
    ]


def statement_entry(transaction_id: UUID) -> StatementEntry:
    """One transaction as it stands in its wallet's statement."""
    with connection.cursor() as cursor:
        cursor.execute(_ENTRY, [transaction_id])
        return _entry(*cursor.fetchone())


def _start(asked: StatementAsked) -> Sequence[Any] | Invalid:
    """The sort key behind which a page begins, or why there is no such page."""
    if not asked.cursor:
        return _NEWEST
    try:
        return decode_cursor(asked.scope, asked.cursor, STATEMENT_KEYS, "last_evaluated_key")
    except Invalid as refusal:
        return refusal


def _read(
    wanted: Iterable[tuple[Any, ...]], kind: str | None, direction: str | None
) -> dict[int, list[StatementEntry]]:
    """The entries of (place, wallet, most, created_at and id before which they are), by place."""
    filters, values = "", []
    if kind:
        filters, values = " AND t.kind = %s", [kind]
    if direction:
        filters += _INTO if direction == "CREDIT" else _OUT_OF
    with connection.cursor() as cursor:
        columns = [list(column) for column in zip(*wanted, strict=True)]
        cursor.execute(_PAGES.format(filters=filters), [*columns, list(NOT_LISTED), *values])
        rows = cursor.fetchall()
    return {place: [_entry(*row[1:]) for row in page] for place, page in groupby(rows, itemgetter(0))}


def _page(asked: StatementAsked, found: list[StatementEntry]) -> StatementPage:
    page = found[: asked.limit]
    if len(found) == len(page):
        return page, None
    return page, encode_cursor(asked.scope, [page[-1].created_at, page[-1].uid])


def _entry(
    uid: UUID,
    kind: str,
    created_at: datetime,
    balance_after: int,
    own: str,
    credit: bool,
    amount: int,
    counterpart: str | None,
    withdrawn_to: str | None,
    state: str | None,
    *progress: Any,
) -> StatementEntry:
    other = withdrawn_to or counterpart or own
    from_address, to_address = (other, own) if credit else (own, other)
    entry = (uid, Kind(kind), credit, amount, from_address, to_address, created_at, balance_after)
    # The entry of the hold shows the progress of the withdrawal.
    if state is None or credit:
        return StatementEntry(*entry, "COMPLETED", created_at)
    return StatementEntry(*entry, SYNC.get(State(state), "PENDING"), *progress)


# Of a transaction `t`: all of its postings are into the gamer's buckets or all are out of them, and the other side is
# one account. Into `held` and out of it is no direction: what is held is in none of the balances.
_COLUMNS = """
t.id, t.kind, t.created_at, t.balance_after, own.address, side.credit, posting.amount,
CASE WHEN side.credit THEN source.address ELSE destination.address END,
withdrawal.destination, withdrawal.state, withdrawal.updated_at, withdrawal.block_number, withdrawal.transaction_hash,
withdrawal.gas_fee"""
_JOINS = f"""
  JOIN wallet_wallet own ON own.id = t.wallet_id
  CROSS JOIN LATERAL (SELECT source_id, destination_id, (sum(amount) OVER ())::bigint AS amount
                        FROM wallet_posting WHERE transaction_id = t.id LIMIT 1) AS posting
  JOIN wallet_account source ON source.id = posting.source_id
  JOIN wallet_account destination ON destination.id = posting.destination_id
  CROSS JOIN LATERAL (SELECT destination.wallet_id IS NOT DISTINCT FROM t.wallet_id
                             AND destination.kind <> 'held' AS credit) AS side
  LEFT JOIN wallet_withdrawal withdrawal
    ON withdrawal.id = CASE WHEN t.kind IN ('WITHDRAW', 'WITHDRAW_REVERSAL')
                            THEN {references.id_in_sql("t.reference")}::uuid END"""
_PAGES = f"""
SELECT asked.place, {_COLUMNS}
  FROM unnest(%s::bigint[], %s::uuid[], %s::bigint[], %s::timestamptz[], %s::uuid[])
       AS asked (place, wallet_id, most, created_at, id)
  CROSS JOIN LATERAL (SELECT t.* FROM wallet_transaction t
                       WHERE t.wallet_id = asked.wallet_id AND (t.created_at, t.id) < (asked.created_at, asked.id)
                         AND t.kind <> ALL(%s::text[]){{filters}}
                       ORDER BY t.created_at DESC, t.id DESC LIMIT asked.most) AS t {_JOINS}
 ORDER BY asked.place, t.created_at DESC, t.id DESC
"""
_ENTRY = f"SELECT {_COLUMNS} FROM wallet_transaction t {_JOINS} WHERE t.id = %s"
_IN_DIRECTION = """
 AND EXISTS (SELECT FROM wallet_posting moved JOIN wallet_account bucket ON bucket.id = moved.{side}_id
              WHERE moved.transaction_id = t.id AND bucket.wallet_id = t.wallet_id AND bucket.kind <> 'held')"""
_INTO, _OUT_OF = (_IN_DIRECTION.format(side=side) for side in ("destination", "source"))

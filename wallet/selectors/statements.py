"""A wallet's statement: one entry per ledger transaction, its postings summed, newest first."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from kgen.api.pagination import Key, page_of
from wallet.models import Kind, Posting, Transaction

STATEMENT_KEYS = (Key("created_at", "time", descending=True), Key("id", "uuid", descending=True))


@dataclass(frozen=True)
class StatementEntry:
    """What one transaction did to a wallet. `amount` > 0; `credit` tells its direction."""

    uid: UUID
    kind: Kind
    credit: bool
    amount: int
    from_address: str
    to_address: str
    created_at: datetime
    balance_after: int


def statement_page(
    wallet_id: UUID,
    *,
    kind: str | None,
    direction: str | None,
    scope: str,
    cursor: str | None,
    limit: int,
) -> tuple[list[StatementEntry], str | None]:
    """A page of a wallet's statement and the cursor of the next one.

    :raises Invalid: the cursor is not one of this list.
    """
    rows = Transaction.objects.filter(wallet=wallet_id).select_related("wallet")
    if kind:
        rows = rows.filter(kind=kind)
    if direction:
        rows = _in_direction(rows, wallet_id, credit=direction == "CREDIT")
    page = page_of(rows, STATEMENT_KEYS, scope=scope, cursor=cursor, limit=limit, name="last_evaluated_key")
    return _entries(page.rows), page.next_cursor


def statement_entry(transaction_id: UUID) -> StatementEntry:
    """One transaction as it stands in its wallet's statement."""
    rows = Transaction.objects.filter(pk=transaction_id, wallet__isnull=False).select_related("wallet")
    return _entries(list(rows))[0]


def _in_direction(rows: QuerySet[Transaction], wallet_id: UUID, *, credit: bool) -> QuerySet[Transaction]:
    side = "destination__wallet" if credit else "source__wallet"
    return rows.filter(Exists(Posting.objects.filter(transaction=OuterRef("pk"), **{side: wallet_id})))


def _entries(transactions: list[Transaction]) -> list[StatementEntry]:
    postings: dict[UUID, list[Posting]] = {t.id: [] for t in transactions}
    for posting in Posting.objects.filter(transaction__in=list(postings)).select_related("source", "destination"):
        postings[posting.transaction_id].append(posting)
    return [_entry(t, postings[t.id]) for t in transactions]


def _entry(transaction: Transaction, postings: list[Posting]) -> StatementEntry:
    assert transaction.wallet is not None
    assert transaction.balance_after is not None
    own = transaction.wallet.address
    credit = postings[0].destination.wallet_id == transaction.wallet_id
    counterpart = postings[0].source if credit else postings[0].destination
    # Between two of the gamer's own accounts (a hold) both ends are the same wallet.
    other = counterpart.address or own
    return StatementEntry(
        uid=transaction.id,
        kind=Kind(transaction.kind),
        credit=credit,
        amount=sum(posting.amount for posting in postings),
        from_address=other if credit else own,
        to_address=own if credit else other,
        created_at=transaction.created_at,
        balance_after=transaction.balance_after,
    )

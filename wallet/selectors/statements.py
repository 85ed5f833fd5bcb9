"""A wallet's statement: one entry per ledger transaction, its postings summed, newest first."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from kgen.api.pagination import Key, page_of
from wallet.models import Bucket, Kind, Posting, State, Transaction, Withdrawal

# The end of a withdrawal is told by its WITHDRAW entry.
NOT_LISTED = (Kind.PAYOUT,)
WITHDRAWN = (Kind.WITHDRAW, Kind.WITHDRAW_REVERSAL)
SYNC = {State.PAID: "COMPLETED", State.FAILED: "FAILED"}

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
    sync_status: str
    updated_at: datetime
    block_number: int | None = None
    transaction_hash: str | None = None
    gas_fee: int | None = None


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
    rows = Transaction.objects.filter(wallet=wallet_id).exclude(kind__in=NOT_LISTED).select_related("wallet")
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
    side = "destination" if credit else "source"
    own = Posting.objects.filter(transaction=OuterRef("pk"), **{f"{side}__wallet": wallet_id})
    # Into `held` and out of it is no direction: what is held is in none of the balances.
    return rows.filter(Exists(own.exclude(**{f"{side}__kind": Bucket.HELD})))


def _entries(transactions: list[Transaction]) -> list[StatementEntry]:
    postings: dict[UUID, list[Posting]] = {t.id: [] for t in transactions}
    for posting in Posting.objects.filter(transaction__in=list(postings)).select_related("source", "destination"):
        postings[posting.transaction_id].append(posting)
    withdrawals = _withdrawals(transactions)
    return [_entry(t, postings[t.id], withdrawals.get(t.id)) for t in transactions]


def _withdrawals(transactions: list[Transaction]) -> dict[UUID, Withdrawal]:
    """The withdrawals that some of the transactions are steps of, by the transaction."""
    # withdrawal:<id>:hold, withdrawal:<id>:reversal
    ids = {t.id: UUID(t.reference.split(":")[1]) for t in transactions if t.kind in WITHDRAWN}
    rows = Withdrawal.objects.in_bulk(list(ids.values())) if ids else {}
    return {transaction_id: rows[id] for transaction_id, id in ids.items()}


def _entry(transaction: Transaction, postings: list[Posting], withdrawal: Withdrawal | None) -> StatementEntry:
    assert transaction.wallet is not None
    assert transaction.balance_after is not None
    own = transaction.wallet.address
    destination = postings[0].destination
    credit = destination.wallet_id == transaction.wallet_id and destination.kind != Bucket.HELD
    counterpart = postings[0].source if credit else destination
    other = withdrawal.destination if withdrawal else counterpart.address or own
    told = withdrawal if withdrawal and not credit else None
    return StatementEntry(
        uid=transaction.id,
        kind=Kind(transaction.kind),
        credit=credit,
        amount=sum(posting.amount for posting in postings),
        from_address=other if credit else own,
        to_address=own if credit else other,
        created_at=transaction.created_at,
        balance_after=transaction.balance_after,
        sync_status=SYNC.get(State(told.state), "PENDING") if told else "COMPLETED",
        updated_at=told.updated_at if told else transaction.created_at,
        block_number=told.block_number if told else None,
        transaction_hash=told.transaction_hash if told else None,
        gas_fee=told.gas_fee if told else None,
    )

"""Writes transactions: each reference once, and balances only together with their postings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import connection
from uuid_utils.compat import uuid7

from kgen.errors import ReferenceReused
from kgen.transactions import check_in_transaction
from wallet.errors import BalanceLimitExceeded, InsufficientBalance
from wallet.ledger.locked_wallets import WALLET_LIMIT, LockedWallet
from wallet.models import Kind, Posting, Transaction

# Returned money may exceed the wallet's limit: refusing a stake would block the refunds of the whole tournament, and
# refusing a payout that came back would keep the gamer's own money.
GIVEN_BACK = frozenset({Kind.LEAVE, Kind.REFUND, Kind.WITHDRAW_REVERSAL})


@dataclass(frozen=True)
class Transfer:
    """A posting before it is written: `amount` > 0 from one account to another."""

    source: int
    destination: int
    amount: int


@dataclass(frozen=True)
class JournalEntry:
    """A transaction before it is written. `wallet` is the gamer's, under lock, if a gamer takes part."""

    reference: str
    kind: Kind
    client_id: UUID
    currency: str
    moves: Sequence[Transfer]
    wallet: LockedWallet | None = None
    id: UUID = field(default_factory=uuid7)


@dataclass(frozen=True)
class BookedTransaction:
    """A transaction in the ledger. `repeated`: it was booked before this call."""

    id: UUID
    reference: str
    created_at: datetime
    repeated: bool = False


def book(entry: JournalEntry) -> BookedTransaction:
    """Write one transaction, or find the one that is booked under its reference.

    :raises OutsideTransaction: no transaction is open.
    :raises ReferenceReused: the reference is booked with other postings.
    :raises InsufficientBalance: an account of the gamer would fall below 0.
    :raises BalanceLimitExceeded: the wallet would exceed 2⁵², other than by returned money.
    """
    return book_many([entry])[entry.reference]


def book_many(entries: Sequence[JournalEntry]) -> dict[str, BookedTransaction]:
    """Write several transactions in one statement. Transactions that are booked already stay as they are.

    Raises as `book`. Entries of one locked wallet apply in their order; the locked wallet then has the new balances.
    """
    booked = _already_booked(entries)
    fresh = [entry for entry in entries if entry.reference not in booked]
    if fresh:
        booked |= _insert(fresh)
    return booked


def book_new(entries: Sequence[JournalEntry]) -> None:
    """Write transactions whose references cannot be booked yet: each is new, or its subject is locked and unpaid.

    :raises ReferenceReused: one is booked.
    """
    if entries and any(booked.repeated for booked in _insert(entries).values()):
        raise ReferenceReused()


def _insert(entries: Sequence[JournalEntry]) -> dict[str, BookedTransaction]:
    check_in_transaction()
    rows, postings = _rows(entries)
    deltas = [
        (entry.id, account, delta)
        for entry in entries
        for move in entry.moves
        for account, delta in ((move.source, -move.amount), (move.destination, move.amount))
    ]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [*_columns(rows, 6), *_columns(postings, 7), *_columns(deltas, 3)])
        found = {
            reference: BookedTransaction(id, reference, created_at) for id, reference, created_at in cursor.fetchall()
        }
    if len(found) == len(entries):
        return found
    # An entry between system accounts has no wallet lock to queue behind, so a concurrent commit may have been first.
    # Nothing of such an entry was written here, and the other transaction is visible by now.
    return found | _already_booked([entry for entry in entries if entry.reference not in found])


def _rows(entries: Sequence[JournalEntry]) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Transactions and postings as rows, the balances after each step worked out on the locked locked wallets."""
    rows: list[tuple[object, ...]] = []
    postings: list[tuple[object, ...]] = []
    for entry in entries:
        balances = entry.wallet.balances if entry.wallet else {}
        before = sum(balances.values())
        for move in entry.moves:
            after = _apply(move, balances)
            postings.append((entry.id, move.source, move.destination, entry.currency, move.amount, *after))
        if entry.kind not in GIVEN_BACK and sum(balances.values()) > max(before, WALLET_LIMIT):
            raise BalanceLimitExceeded()
        wallet_id = entry.wallet.wallet_id if entry.wallet else None
        total = entry.wallet.spendable() if entry.wallet else None
        rows.append((entry.id, entry.client_id, wallet_id, entry.kind.value, entry.reference, total))
    return rows, postings


def _apply(move: Transfer, balances: dict[int, int]) -> tuple[int | None, int | None]:
    if move.source in balances:
        if balances[move.source] < move.amount:
            raise InsufficientBalance()
        balances[move.source] -= move.amount
    if move.destination in balances:
        balances[move.destination] += move.amount
    return balances.get(move.source), balances.get(move.destination)


def _columns(rows: Iterable[tuple[object, ...]], width: int) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


def _already_booked(entries: Sequence[JournalEntry]) -> dict[str, BookedTransaction]:
    """Return those entries that are in the ledger, by reference.

    :raises ReferenceReused: one is booked with other postings.
    """
    wanted = {entry.reference: entry for entry in entries}
    standing = {t.reference: t for t in Transaction.objects.filter(reference__in=list(wanted))}
    if not standing:
        return {}
    moves = _moves_of(standing)
    for reference, transaction in standing.items():
        entry = wanted[reference]
        if transaction.kind != entry.kind or moves[transaction.id] != sorted(map(_plain, entry.moves)):
            raise ReferenceReused()
    return {r: BookedTransaction(t.id, r, t.created_at, repeated=True) for r, t in standing.items()}


def _moves_of(standing: Mapping[str, Transaction]) -> dict[UUID, list[tuple[int, int, int]]]:
    moves: dict[UUID, list[tuple[int, int, int]]] = {t.id: [] for t in standing.values()}
    for posting in Posting.objects.filter(transaction__in=list(moves)):
        moves[posting.transaction_id].append((posting.source_id, posting.destination_id, posting.amount))
    return {key: sorted(value) for key, value in moves.items()}


def _plain(move: Transfer) -> tuple[int, int, int]:
    return move.source, move.destination, move.amount


_INSERT = """
WITH entry AS (
    INSERT INTO wallet_transaction (id, client_id, wallet_id, kind, reference, balance_after, created_at)
    SELECT e.*, clock_timestamp()
      FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::bigint[]) AS e
        ON CONFLICT (reference) DO NOTHING
    RETURNING id, reference, created_at
), posting AS (
    INSERT INTO wallet_posting (transaction_id, source_id, destination_id, currency, amount,
                                source_balance, destination_balance)
    SELECT p.transaction_id, p.source_id, p.destination_id, p.currency, p.amount, p.source_balance,
           p.destination_balance
      FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[])
           WITH ORDINALITY AS p (transaction_id, source_id, destination_id, currency, amount, source_balance,
                                 destination_balance, position)
      JOIN entry ON entry.id = p.transaction_id
     ORDER BY p.position -- posting ids are the order of the running balances, whatever the join does
), moved AS (
    UPDATE wallet_account AS account SET balance = account.balance + d.delta
      FROM (SELECT account_id, sum(delta)::bigint AS delta
              FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[]) AS d (transaction_id, account_id, delta)
              JOIN entry ON entry.id = d.transaction_id
             GROUP BY account_id) AS d
     WHERE account.id = d.account_id AND account.balance IS NOT NULL
)
SELECT id, reference, created_at FROM entry
"""

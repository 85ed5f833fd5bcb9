"""Deposits by a studio's server, and their reversal."""

from dataclasses import dataclass
from uuid import UUID

from kgen.clock import database_now
from kgen.errors import RecordNotFound, ReferenceReused
from kgen.transactions import transactional
from wallet import ledger, references
from wallet.models import Bucket, Deposit, Kind, SystemAccount
from wallet.selectors import StatementEntry, statement_entry


@dataclass(frozen=True)
class Deposited:
    """A booked deposit or reversal. `created` is False if an earlier call booked it."""

    entry: StatementEntry
    reference: str
    created: bool


@transactional
def deposit(*, client_id: UUID, wallet_id: UUID, amount: int, reference: str) -> Deposited:
    """Credit `amount` to the wallet's bought money, once per client and reference.

    :raises ReferenceReused: the reference is booked for another gamer or amount.
    :raises BalanceLimitExceeded: the wallet would exceed its limit.
    """
    row = Deposit(
        client_id=client_id,
        wallet_id=wallet_id,
        reference=reference,
        amount=amount,
        created_at=database_now(),
    )
    # Waits for a concurrent call with the same reference; its commit decides which of the two is the repetition.
    Deposit.objects.bulk_create([row], ignore_conflicts=True)
    row = Deposit.objects.get(client_id=client_id, reference=reference)
    if (row.wallet_id, row.amount) != (wallet_id, amount):
        raise ReferenceReused()
    wallet = ledger.lock_wallet(wallet_id)
    source = ledger.system_account(client_id=client_id, currency=wallet.currency, kind=SystemAccount.DEPOSITS)
    move = ledger.Transfer(source, wallet.ids[Bucket.BOUGHT], amount)
    name = references.deposit(row.id)
    booked = ledger.book(ledger.JournalEntry(name, Kind.DEPOSIT, client_id, wallet.currency, [move], wallet))
    return Deposited(statement_entry(booked.id), reference, created=not booked.repeated)


@transactional
def reverse_deposit(*, client_id: UUID, reference: str) -> Deposited:
    """Take the whole deposit back out of bought, once.

    :raises RecordNotFound: the client has no such deposit.
    :raises InsufficientBalance: bought holds less than the deposit.
    """
    row = Deposit.objects.filter(client_id=client_id, reference=reference).first()
    if row is None:
        raise RecordNotFound()
    booked = ledger.reverse(
        original=references.deposit(row.id),
        reference=references.deposit_reversal(row.id),
        kind=Kind.DEPOSIT_REVERSAL,
    )
    assert booked is not None, "a deposit's row and its transaction are written together"
    return Deposited(statement_entry(booked.id), reference, created=not booked.repeated)

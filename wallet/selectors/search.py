"""Finds rows of the wallet by an identifier that an operator types: exactly or by a prefix, each by an index."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q, QuerySet

from wallet import references
from wallet.models import Account, Adjustment, Deposit, Transaction, Wallet, Withdrawal

# So much of an id behind a reference's colon: the beginning of a UUIDv7 is a time, so this is about a minute's.
SPECIFIC = 8


def wallets_by_id(id: UUID) -> QuerySet[Wallet]:
    """The wallet of that id."""
    return Wallet.objects.filter(pk=id)


def wallets_by_address(address: str) -> QuerySet[Wallet]:
    """The wallet of that address."""
    return Wallet.objects.filter(address=address)


def system_accounts_by_address(address: str) -> QuerySet[Account]:
    """The client's own account of that address."""
    return Account.objects.filter(address=address)


def transactions_by_id(id: UUID) -> QuerySet[Transaction]:
    """The transaction of that id."""
    return Transaction.objects.filter(pk=id)


def transactions_by_reference(text: str) -> QuerySet[Transaction]:
    """Transactions of this reference; or with this beginning, if `text` is specific enough for a short index range."""
    if not references.has_specific_part(text, least=SPECIFIC):
        return Transaction.objects.filter(reference=text)
    return Transaction.objects.filter(reference__startswith=text)


def transactions_of_deposit(clients: Collection[UUID], id: UUID | None, reference: str) -> QuerySet[Transaction]:
    """The transactions of a deposit and its reversal, by the deposit's id or the studio's reference for it.

    The index on references begins with the client, so `clients` must be given.
    """
    named = Q(client_id__in=clients, reference=reference)
    deposits = Deposit.objects.filter(named | Q(pk=id) if id else named).values_list("pk", flat=True)
    booked = [reference for key in deposits for reference in references.all_of_deposit(key)]
    return Transaction.objects.filter(reference__in=booked)


def withdrawals_by_hash(hash: str) -> QuerySet[Withdrawal]:
    """The withdrawal that the rail paid in this transaction of its chain."""
    return Withdrawal.objects.filter(transaction_hash=hash)


def withdrawals_by_id(id: UUID) -> QuerySet[Withdrawal]:
    """The withdrawal of that id."""
    return Withdrawal.objects.filter(pk=id)


def adjustments_by_id(id: UUID) -> QuerySet[Adjustment]:
    """The adjustment of that id."""
    return Adjustment.objects.filter(pk=id)

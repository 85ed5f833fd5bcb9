"""Finding money's rows by what somebody was told: exactly, or by a reference's beginning, and by an index each."""

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
    """Transactions of this reference, or whose references begin so if `text` says enough to be a short stretch."""
    if not references.has_specific_part(text, least=SPECIFIC):
        return Transaction.objects.filter(reference=text)
    return Transaction.objects.filter(reference__startswith=text)


def transactions_of_deposit(clients: Collection[UUID], id: UUID | None, reference: str) -> QuerySet[Transaction]:
    """What booked and undid the deposit of that id, or what studios call so; the index begins with clients."""
    named = Q(client_id__in=clients, reference=reference)
    deposits = Deposit.objects.filter(named | Q(pk=id) if id else named).values_list("pk", flat=True)
    booked = [reference for key in deposits for reference in references.all_of_deposit(key)]
    return Transaction.objects.filter(reference__in=booked)


def withdrawals_by_hash(hash: str) -> QuerySet[Withdrawal]:
    """The withdrawal that the rail paid by that transaction of its own."""
    return Withdrawal.objects.filter(transaction_hash=hash)


def withdrawals_by_id(id: UUID) -> QuerySet[Withdrawal]:
    """The withdrawal of that id."""
    return Withdrawal.objects.filter(pk=id)


def adjustments_by_id(id: UUID) -> QuerySet[Adjustment]:
    """The adjustment of that id."""
    return Adjustment.objects.filter(pk=id)

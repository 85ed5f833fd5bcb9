"""A gamer's four accounts under lock, with their balances."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from kgen.transactions import check_in_transaction
from wallet.errors import BalanceLimitExceeded, InsufficientBalance
from wallet.models import Bucket

# Bonus money is spent first: it was given for play.
SPENDING_ORDER = (Bucket.BONUS, Bucket.BOUGHT, Bucket.EARNED)
# The largest sum of all buckets: far from bigint's edge, and exact in every client's double.
WALLET_LIMIT = 2**52


@dataclass
class LockedWallet:
    """The locked accounts of one wallet: ids and balances by bucket."""

    wallet_id: UUID
    client_id: UUID
    currency: str
    ids: dict[Bucket, int]
    balances: dict[int, int]

    def holds(self, bucket: Bucket) -> int:
        """The balance of one bucket."""
        return self.balances[self.ids[bucket]]

    def spendable(self) -> int:
        """Bonus, bought and earned together."""
        return sum(self.holds(bucket) for bucket in SPENDING_ORDER)

    def check_room(self, amount: int) -> None:
        """Check that the wallet can take `amount` more.

        :raises BalanceLimitExceeded: it would exceed the limit of a wallet.
        """
        if amount and sum(self.balances.values()) + amount > WALLET_LIMIT:
            raise BalanceLimitExceeded()

    def split_stake(self, amount: int) -> Iterator[tuple[int, int]]:
        """Split a stake into (account, part): from bonus, then bought, then earned.

        :raises InsufficientBalance: the three buckets together hold less than `amount`.
        """
        if amount > self.spendable():
            raise InsufficientBalance()
        for bucket in SPENDING_ORDER:
            part = min(amount, self.holds(bucket))
            if part:
                yield self.ids[bucket], part
            amount -= part


def lock_wallets(wallet_ids: Iterable[UUID]) -> dict[UUID, LockedWallet]:
    """Lock the accounts of these wallets, in account-id order, and read their balances.

    :raises OutsideTransaction: the locks would be released at once.
    """
    check_in_transaction()
    wallets: dict[UUID, LockedWallet] = {}
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [list(wallet_ids)])
        for account_id, wallet_id, client_id, currency, kind, balance in cursor.fetchall():
            wallet = wallets.setdefault(wallet_id, LockedWallet(wallet_id, client_id, currency, {}, {}))
            wallet.ids[Bucket(kind)] = account_id
            wallet.balances[account_id] = balance
    return wallets


def lock_wallet(wallet_id: UUID) -> LockedWallet:
    """Lock one wallet's accounts."""
    return lock_wallets([wallet_id])[wallet_id]


_LOCK = """
SELECT id, wallet_id, client_id, currency, kind, balance
  FROM wallet_account WHERE wallet_id = ANY(%s::uuid[]) ORDER BY id FOR UPDATE
"""

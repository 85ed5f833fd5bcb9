"""Balances of wallets and system accounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from kgen.arrays import array
from wallet.models import Account, Wallet
from wallet.selectors.parts import posted_balance


@dataclass(frozen=True)
class Balance:
    """A wallet's buckets in whole units, and the time of their last change."""

    address: str
    currency: str
    bonus: int
    bought: int
    earned: int
    held: int
    created_at: datetime
    modified_at: datetime
    # Whether the latest end of a withdrawal is a failure or a return.
    last_withdrawal_failed: bool

    @property
    def spendable(self) -> int:
        """Bonus, bought and earned together."""
        return self.bonus + self.bought + self.earned

    @property
    def settled(self) -> int:
        """What is the gamer's once all that is on its way out has failed: spendable and held together."""
        return self.spendable + self.held


def balance_of(wallet_id: UUID) -> Balance:
    """The balance of one wallet."""
    return balances_of([wallet_id])[0]


def balances_of(wallet_ids: Sequence[UUID]) -> list[Balance]:
    """The balances of existing wallets, in the order given, by one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_BALANCES, [array(wallet_ids)])
        found = {wallet_id: Balance(*rest) for wallet_id, *rest in cursor.fetchall()}
    return [found[wallet_id] for wallet_id in wallet_ids]


def has_accounts(client_id: UUID) -> bool:
    """Whether a client has any account. From its first account on, a client's currency is fixed."""
    if Wallet.objects.filter(client_id=client_id).exists():
        return True
    return Account.objects.filter(wallet=None, client_id=client_id).exists()


def system_balance(account_id: int) -> int:
    """A system account's balance: the sum of its postings, as `numeric` because it has no bound."""
    with connection.cursor() as cursor:
        cursor.execute(_SYSTEM_BALANCE, [account_id, account_id])
        return int(cursor.fetchone()[0])


_BALANCES = """
SELECT w.id, w.address, w.currency,
       max(a.balance) FILTER (WHERE a.kind = 'bonus'), max(a.balance) FILTER (WHERE a.kind = 'bought'),
       max(a.balance) FILTER (WHERE a.kind = 'earned'), max(a.balance) FILTER (WHERE a.kind = 'held'),
       w.created_at,
       coalesce((SELECT t.created_at FROM wallet_transaction t WHERE t.wallet_id = w.id
                  ORDER BY t.created_at DESC, t.id DESC LIMIT 1), w.created_at),
       coalesce((SELECT d.state <> 'PAID' FROM wallet_withdrawal d
                  WHERE d.wallet_id = w.id AND d.settled_at IS NOT NULL
                  ORDER BY coalesce(d.returned_at, d.settled_at) DESC, d.id DESC LIMIT 1), false)
  FROM wallet_wallet w JOIN wallet_account a ON a.wallet_id = w.id
 WHERE w.id = ANY(%s::uuid[]) GROUP BY w.id
"""
_SYSTEM_BALANCE = f"SELECT {posted_balance('%s')}"

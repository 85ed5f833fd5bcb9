"""The ledger: the only code that moves money. Every function here that locks or writes needs an open transaction.

Lock order, everywhere: tournament → participation → accounts by id. The row of a withdrawal or an adjustment is locked
before the accounts, too.
"""

from wallet.ledger.accounts import open_wallets, system_account
from wallet.ledger.adjustments import adjust
from wallet.ledger.locked_wallets import LockedWallet, lock_wallet, lock_wallets
from wallet.ledger.movements import (
    Bonus,
    StakeBatch,
    WinningsBatch,
    credit_bonuses,
    move_sponsorship,
    pay_stake,
    return_sponsorship,
    reverse,
    reverse_many,
)
from wallet.ledger.withdrawals import hold_withdrawal, pay_withdrawal, return_payout, return_withdrawal
from wallet.ledger.writer import BookedTransaction, JournalEntry, Transfer, book, book_many
from wallet.models import Bucket, Kind, SystemAccount

__all__ = [
    "Bonus",
    "BookedTransaction",
    "Bucket",
    "JournalEntry",
    "Kind",
    "LockedWallet",
    "StakeBatch",
    "SystemAccount",
    "Transfer",
    "WinningsBatch",
    "adjust",
    "book",
    "book_many",
    "credit_bonuses",
    "hold_withdrawal",
    "lock_wallet",
    "lock_wallets",
    "move_sponsorship",
    "open_wallets",
    "pay_stake",
    "pay_withdrawal",
    "return_payout",
    "return_sponsorship",
    "return_withdrawal",
    "reverse",
    "reverse_many",
    "system_account",
]

"""Books adjustments."""

from uuid import UUID

from wallet import references
from wallet.ledger.accounts import system_account
from wallet.ledger.locked_wallets import lock_wallet
from wallet.ledger.writer import BookedTransaction, JournalEntry, Transfer, book
from wallet.models import Bucket, Kind, SystemAccount

# The other side of an adjustment: a bonus or a deposit made by hand uses the account of any other bonus or deposit, and
# winnings that no tournament owes come from the house.
COUNTERPART = {
    Bucket.BONUS: SystemAccount.PROMOTIONS,
    Bucket.BOUGHT: SystemAccount.DEPOSITS,
    Bucket.EARNED: SystemAccount.HOUSE,
}


def adjust(*, wallet_id: UUID, adjustment_id: UUID, bucket: Bucket, amount: int, credit: bool) -> BookedTransaction:
    """Credit `amount` to one bucket, or debit it, once per adjustment.

    :raises InsufficientBalance: the bucket holds less than the debit.
    :raises BalanceLimitExceeded: the wallet would exceed its limit.
    """
    wallet = lock_wallet(wallet_id)
    own = wallet.ids[bucket]
    other = system_account(client_id=wallet.client_id, currency=wallet.currency, kind=COUNTERPART[bucket])
    move = Transfer(other, own, amount) if credit else Transfer(own, other, amount)
    return book(
        JournalEntry(
            references.adjustment(adjustment_id), Kind.ADJUSTMENT, wallet.client_id, wallet.currency, [move], wallet
        )
    )

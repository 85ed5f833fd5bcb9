"""The booking of an adjustment."""

from uuid import UUID

from wallet import references
from wallet.ledger.accounts import system_account
from wallet.ledger.locked_wallets import lock_wallet
from wallet.ledger.writer import BookedTransaction, JournalEntry, Transfer, book
from wallet.models import Bucket, Kind, SystemAccount

# Where such money comes from and goes to: what is given or paid in by hand counts as what is given or paid in
# otherwise, and winnings that no tournament owes are the house's.
COUNTERPART = {
    Bucket.BONUS: SystemAccount.PROMOTIONS,
    Bucket.BOUGHT: SystemAccount.DEPOSITS,
    Bucket.EARNED: SystemAccount.HOUSE,
}


def adjust(*, wallet_id: UUID, adjustment_id: UUID, bucket: Bucket, amount: int, credit: bool) -> BookedTransaction:
    """Put `amount` into one bucket, or take it out, once an adjustment.

    :raises InsufficientBalance: the bucket holds less than is to be taken.
    :raises BalanceLimitExceeded: the wallet would come to hold too much.
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

"""The three bookings of a withdrawal: held at its request, and then either paid out or given back."""

from uuid import UUID

from wallet.ledger.accounts import system_account
from wallet.ledger.locked_wallets import LockedWallet, lock_wallet
from wallet.ledger.movements import reverse
from wallet.ledger.writer import BookedTransaction, JournalEntry, Transfer, book
from wallet.models import NO_CLIENT, Bucket, Kind, SystemAccount


def hold_withdrawal(*, purse: LockedWallet, withdrawal_id: UUID, amount: int) -> BookedTransaction:
    """Set earned money aside.

    :raises InsufficientBalance: less is earned.
    """
    move = Transfer(purse.ids[Bucket.EARNED], purse.ids[Bucket.HELD], amount)
    return _book(purse, f"withdrawal:{withdrawal_id}:hold", Kind.WITHDRAW, [move])


def pay_withdrawal(
    *, wallet_id: UUID, withdrawal_id: UUID, amount: int, kgen_account_id: UUID | None
) -> BookedTransaction:
    """What was held leaves, once: to `kgen_account_id`'s wallet in this ledger, or out of it where that is None."""
    purse = lock_wallet(wallet_id)
    payouts = system_account(client_id=purse.client_id, currency=purse.currency, kind=SystemAccount.PAYOUTS)
    moves = [Transfer(purse.ids[Bucket.HELD], payouts, amount)]
    if kgen_account_id is not None:
        person = system_account(
            client_id=NO_CLIENT, currency=purse.currency, kind=SystemAccount.KGEN, owner_id=kgen_account_id
        )
        moves.append(Transfer(payouts, person, amount))
    return _book(purse, f"withdrawal:{withdrawal_id}:paid", Kind.PAYOUT, moves)


def return_withdrawal(*, withdrawal_id: UUID) -> BookedTransaction:
    """What was held is earned money again, once."""
    booked = reverse(
        original=f"withdrawal:{withdrawal_id}:hold",
        reference=f"withdrawal:{withdrawal_id}:reversal",
        kind=Kind.WITHDRAW_REVERSAL,
    )
    assert booked is not None, "a withdrawal and its hold are written together"
    return booked


def _book(purse: LockedWallet, reference: str, kind: Kind, moves: list[Transfer]) -> BookedTransaction:
    return book(JournalEntry(reference, kind, purse.client_id, purse.currency, moves, purse))

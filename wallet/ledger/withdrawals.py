"""The three bookings of a withdrawal: held at its request, and then either paid out or given back."""

from uuid import UUID

from wallet import references
from wallet.ledger.accounts import system_account
from wallet.ledger.locked_wallets import LockedWallet, lock_wallet
from wallet.ledger.movements import reverse
from wallet.ledger.writer import BookedTransaction, JournalEntry, Transfer, book
from wallet.models import NO_CLIENT, Bucket, Kind, SystemAccount


def hold_withdrawal(*, wallet: LockedWallet, withdrawal_id: UUID, amount: int) -> BookedTransaction:
    """Set earned money aside.

    :raises InsufficientBalance: less is earned.
    """
    move = Transfer(wallet.ids[Bucket.EARNED], wallet.ids[Bucket.HELD], amount)
    return _book(wallet, references.withdrawal_hold(withdrawal_id), Kind.WITHDRAW, [move])


def pay_withdrawal(
    *, wallet_id: UUID, withdrawal_id: UUID, amount: int, kgen_account_id: UUID | None
) -> BookedTransaction:
    """What was held leaves, once: to `kgen_account_id`'s wallet in this ledger, or out of it where that is None."""
    wallet = lock_wallet(wallet_id)
    payouts = system_account(client_id=wallet.client_id, currency=wallet.currency, kind=SystemAccount.PAYOUTS)
    moves = [Transfer(wallet.ids[Bucket.HELD], payouts, amount)]
    if kgen_account_id is not None:
        person = system_account(
            client_id=NO_CLIENT, currency=wallet.currency, kind=SystemAccount.KGEN, owner_id=kgen_account_id
        )
        moves.append(Transfer(payouts, person, amount))
    return _book(wallet, references.withdrawal_paid(withdrawal_id), Kind.PAYOUT, moves)


def return_withdrawal(*, withdrawal_id: UUID) -> BookedTransaction:
    """What was held is earned money again, once."""
    booked = reverse(
        original=references.withdrawal_hold(withdrawal_id),
        reference=references.withdrawal_reversal(withdrawal_id),
        kind=Kind.WITHDRAW_REVERSAL,
    )
    assert booked is not None, "a withdrawal and its hold are written together"
    return booked


def _book(wallet: LockedWallet, reference: str, kind: Kind, moves: list[Transfer]) -> BookedTransaction:
    return book(JournalEntry(reference, kind, wallet.client_id, wallet.currency, moves, wallet))

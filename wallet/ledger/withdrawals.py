"""The transactions of a withdrawal: a hold at the request, a payout or a reversal, and perhaps the payout's return."""

from uuid import UUID

from wallet import references
from wallet.ledger.accounts import system_account
from wallet.ledger.locked_wallets import LockedWallet, lock_wallet
from wallet.ledger.movements import reverse
from wallet.ledger.writer import BookedTransaction, JournalEntry, Transfer, book
from wallet.models import NO_CLIENT, Bucket, Kind, SystemAccount


def hold_withdrawal(*, wallet: LockedWallet, withdrawal_id: UUID, amount: int) -> BookedTransaction:
    """Move earned money into held.

    :raises InsufficientBalance: earned holds less.
    """
    move = Transfer(wallet.ids[Bucket.EARNED], wallet.ids[Bucket.HELD], amount)
    return _book(wallet, references.withdrawal_hold(withdrawal_id), Kind.WITHDRAW, [move])


def pay_withdrawal(
    *, wallet_id: UUID, withdrawal_id: UUID, amount: int, kgen_account_id: UUID | None
) -> BookedTransaction:
    """Pay the held money out, once: to the KGeN wallet of `kgen_account_id` in this ledger, or out of it if None."""
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
    """Return the held money to earned, once."""
    booked = reverse(
        original=references.withdrawal_hold(withdrawal_id),
        reference=references.withdrawal_reversal(withdrawal_id),
        kind=Kind.WITHDRAW_REVERSAL,
    )
    assert booked is not None, "a withdrawal and its hold are written together"
    return booked


def return_payout(*, wallet_id: UUID, withdrawal_id: UUID, amount: int) -> BookedTransaction:
    """Return money that a rail had paid out to earned, once, also above the wallet's limit."""
    wallet = lock_wallet(wallet_id)
    payouts = system_account(client_id=wallet.client_id, currency=wallet.currency, kind=SystemAccount.PAYOUTS)
    moves = [Transfer(payouts, wallet.ids[Bucket.EARNED], amount)]
    return _book(wallet, references.withdrawal_return(withdrawal_id), Kind.WITHDRAW_REVERSAL, moves)


def _book(wallet: LockedWallet, reference: str, kind: Kind, moves: list[Transfer]) -> BookedTransaction:
    return book(JournalEntry(reference, kind, wallet.client_id, wallet.currency, moves, wallet))

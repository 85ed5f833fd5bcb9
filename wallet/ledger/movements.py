"""The kinds of transactions that the product makes. Each is booked once under its reference."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from wallet.errors import InsufficientBalance
from wallet.ledger.accounts import system_account
from wallet.ledger.locked_wallets import LockedWallet, lock_wallets
from wallet.ledger.writer import BookedTransaction, JournalEntry, Transfer, book, book_many, book_new
from wallet.models import Account, Bucket, Kind, Posting, SystemAccount, Transaction
from wallet.selectors import system_balance


@dataclass(frozen=True, slots=True)
class Bonus:
    """Bonus money for a wallet."""

    wallet_id: UUID
    amount: int
    reference: str


def credit_bonuses(bonuses: Iterable[Bonus]) -> None:
    """Credit bonus money out of promotions, each bonus once. An amount of 0 books nothing."""
    given = [bonus for bonus in bonuses if bonus.amount]
    wallets = lock_wallets(bonus.wallet_id for bonus in given)
    promotions = {
        (client_id, currency): system_account(client_id=client_id, currency=currency, kind=SystemAccount.PROMOTIONS)
        for client_id, currency in {(wallet.client_id, wallet.currency) for wallet in wallets.values()}
    }
    entries = []
    for bonus in given:
        wallet = wallets[bonus.wallet_id]
        move = Transfer(promotions[wallet.client_id, wallet.currency], wallet.ids[Bucket.BONUS], bonus.amount)
        entry = JournalEntry(bonus.reference, Kind.WELCOME_BONUS, wallet.client_id, wallet.currency, [move], wallet)
        entries.append(entry)
    book_many(entries)


def pay_stake(*, wallet_id: UUID, escrow: int, amount: int, reference: str) -> None:
    """Move one stake into escrow, as `StakeBatch` does.

    :raises InsufficientBalance: the three buckets together hold less than `amount`.
    """
    stakes = StakeBatch([wallet_id])
    stakes.pay(wallet_id=wallet_id, escrow=escrow, amount=amount, reference=reference)
    stakes.book()


class StakeBatch:
    """Pays one stake each for several wallets in one statement. The constructor locks the wallets."""

    def __init__(self, wallet_ids: Iterable[UUID]) -> None:
        self.wallets = lock_wallets(wallet_ids)
        self.entries: list[JournalEntry] = []

    def pay(self, *, wallet_id: UUID, escrow: int, amount: int, reference: str) -> None:
        """Move a stake into escrow, from bonus, then bought, then earned. An amount of 0 books nothing.

        Each stake needs a new reference: its postings depend on the wallet's balances at that moment, so a second try
        would differ from the first.

        :raises InsufficientBalance: the three buckets together hold less than `amount`.
        """
        if amount == 0:
            return
        wallet = self.wallets[wallet_id]
        moves = [Transfer(account, escrow, part) for account, part in wallet.split_stake(amount)]
        self.entries.append(JournalEntry(reference, Kind.JOIN, wallet.client_id, wallet.currency, moves, wallet))

    def book(self) -> None:
        """Write the transactions."""
        book_new(self.entries)


class WinningsBatch:
    """Pays prizes to several wallets in one statement. The constructor locks the wallets."""

    def __init__(self, wallet_ids: Iterable[UUID]) -> None:
        self.wallets = lock_wallets(wallet_ids)
        self.entries: list[JournalEntry] = []
        self.coming: Counter[UUID] = Counter()
        self.payable: dict[tuple[UUID, str], int] = {}

    def pay(self, wallet_id: UUID, prizes: Mapping[str, int]) -> None:
        """Move prizes, given as {reference: amount}, into earned: all of them or none.

        No reference may be booked already: the caller has locked the rewards and seen that they are unpaid.

        :raises BalanceLimitExceeded: the wallet would exceed its limit.
        """
        wallet = self.wallets[wallet_id]
        total = sum(prizes.values())
        wallet.check_room(self.coming[wallet_id] + total)
        self.coming[wallet_id] += total
        payable, earned = self._payable(wallet), wallet.ids[Bucket.EARNED]
        for reference, amount in prizes.items():
            moves = [Transfer(payable, earned, amount)]
            self.entries.append(JournalEntry(reference, Kind.REWARD, wallet.client_id, wallet.currency, moves, wallet))

    def _payable(self, wallet: LockedWallet) -> int:
        owner = (wallet.client_id, wallet.currency)
        if owner not in self.payable:
            client_id, currency = owner
            kind = SystemAccount.REWARDS_PAYABLE
            self.payable[owner] = system_account(client_id=client_id, currency=currency, kind=kind)
        return self.payable[owner]

    def book(self) -> None:
        """Write the transactions."""
        book_new(self.entries)


def reverse(*, original: str, reference: str, kind: Kind) -> BookedTransaction | None:
    """Reverse the postings of a gamer's transaction `original`, once. Returns None if it was never booked.

    :raises InsufficientBalance: the money that the original credited is spent.
    """
    return reverse_many({original: reference}, kind=kind).get(reference)


def reverse_many(references: Mapping[str, str], *, kind: Kind) -> dict[str, BookedTransaction]:
    """Reverse several transactions of gamers, given as {original reference: reversing reference}, each once.

    Skips originals that were never booked or that have no wallet.
    """
    originals = list(Transaction.objects.filter(reference__in=list(references)))
    moves: dict[UUID, list[Transfer]] = {original.id: [] for original in originals}
    for posting in Posting.objects.filter(transaction__in=list(moves)).order_by("-id"):
        moves[posting.transaction_id].append(Transfer(posting.destination_id, posting.source_id, posting.amount))
    wallets = lock_wallets({t.wallet_id for t in originals if t.wallet_id})
    entries = [
        JournalEntry(
            references[t.reference],
            kind,
            t.client_id,
            wallets[t.wallet_id].currency,
            moves[t.id],
            wallets[t.wallet_id],
        )
        for t in originals
        if t.wallet_id
    ]
    return book_many(entries)


def move_sponsorship(
    *, client_id: UUID, currency: str, escrow: int, change: int, limit: int, reference: str
) -> BookedTransaction | None:
    """Change a tournament's sponsorship by `change`: from the sponsor's account into escrow, or back if negative.

    The sponsor's account may fall below zero, but not below −`limit`.

    :raises InsufficientBalance: it would fall below −`limit`.
    """
    if change == 0:
        return None
    sponsor = system_account(client_id=client_id, currency=currency, kind=SystemAccount.SPONSOR)
    # This is the only lock on a system account: two tournaments must not both spend the rest of the limit.
    Account.objects.select_for_update(no_key=True).get(pk=sponsor)
    if change > 0 and system_balance(sponsor) - change < -limit:
        raise InsufficientBalance("The sponsorship is over the client's limit.")
    move = Transfer(sponsor, escrow, change) if change > 0 else Transfer(escrow, sponsor, -change)
    return book(JournalEntry(reference, Kind.SPONSORSHIP, client_id, currency, [move]))


def return_sponsorship(
    *, client_id: UUID, currency: str, escrow: int, amount: int, reference: str
) -> BookedTransaction | None:
    """Return the sponsorship of a cancelled tournament to the sponsor, once."""
    if amount == 0:
        return None
    sponsor = system_account(client_id=client_id, currency=currency, kind=SystemAccount.SPONSOR)
    move = Transfer(escrow, sponsor, amount)
    return book(JournalEntry(reference, Kind.SPONSORSHIP, client_id, currency, [move]))

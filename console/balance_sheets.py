"""What is owed against what came in, as a balance sheet for each currency. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from wallet.ledger import Bucket, SystemAccount
from wallet.selectors.liability import Held

# Kind of account → its title.
OWED: dict[str, str] = {
    Bucket.BONUS.value: "Gamers' bonus money",
    Bucket.BOUGHT.value: "Gamers' bought money",
    Bucket.EARNED.value: "Gamers' earned money",
    Bucket.HELD.value: "Held for open withdrawals",
    SystemAccount.ESCROW.value: "Stakes and sponsorship in escrow",
    SystemAccount.REWARDS_PAYABLE.value: "Unclaimed rewards",
}
GONE: dict[str, str] = {
    SystemAccount.PAYOUTS.value: "Paid out of the ledger",
    SystemAccount.KGEN.value: "Paid out to KGeN wallets",
    SystemAccount.HOUSE.value: "The house's",
}
CAME_IN: dict[str, str] = {
    SystemAccount.DEPOSITS.value: "Deposits",
    SystemAccount.PROMOTIONS.value: "Promotions",
    SystemAccount.SPONSOR.value: "Sponsorship",
}


@dataclass(frozen=True)
class BalanceLine:
    """One kind of account."""

    kind: str
    title: str
    amount: int


@dataclass(frozen=True)
class BalanceSheet:
    """One currency: what is owed, plus where the rest went, equals what came in."""

    currency: str
    owed: list[BalanceLine]
    gone: list[BalanceLine]
    came_in: list[BalanceLine]

    @property
    def liability(self) -> int:
        """What is owed."""
        return sum(line.amount for line in self.owed)

    @property
    def left(self) -> int:
        """The sum of what is owed and where the rest went."""
        return self.liability + sum(line.amount for line in self.gone)

    @property
    def right(self) -> int:
        """What came in."""
        return sum(line.amount for line in self.came_in)

    @property
    def difference(self) -> int:
        """Always 0 in a sound ledger, because postings move money and make none."""
        return self.left - self.right


def balance_sheets(held: Iterable[Held]) -> list[BalanceSheet]:
    """A balance sheet for each currency that has postings."""
    amounts = {(row.currency, row.kind): row.amount for row in held}
    currencies = sorted({currency for currency, _ in amounts})

    def lines(currency: str, kinds: dict[str, str], sign: int = 1) -> list[BalanceLine]:
        return [BalanceLine(kind, title, sign * amounts.get((currency, kind), 0)) for kind, title in kinds.items()]

    return [
        # Money comes out of these accounts, so they stand below zero.
        BalanceSheet(currency, lines(currency, OWED), lines(currency, GONE), lines(currency, CAME_IN, -1))
        for currency in currencies
    ]

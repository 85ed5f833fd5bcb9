"""The accounts that a settlement pays. Pure."""

from typing import TYPE_CHECKING

from wallet.ledger import SystemAccount

if TYPE_CHECKING:
    from esports.results import Shares


def destinations(shares: "Shares") -> list[tuple[SystemAccount, int]]:
    """The account and amount of each share of a tournament's escrow that is above 0."""
    amounts = [
        (SystemAccount.REWARDS_PAYABLE, shares.prizes),
        (SystemAccount.HOUSE, shares.to_house),
        (SystemAccount.SPONSOR, shares.to_sponsor),
    ]
    return [(account, amount) for account, amount in amounts if amount]

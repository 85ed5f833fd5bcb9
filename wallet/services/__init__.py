"""Services that bring money in and pay it out."""

from wallet.services.deposits import Deposited, deposit, reverse_deposit

__all__ = ["Deposited", "deposit", "reverse_deposit"]

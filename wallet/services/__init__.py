"""Journeys that bring money in and take it out."""

from wallet.services.deposits import Deposited, deposit, reverse_deposit

__all__ = ["Deposited", "deposit", "reverse_deposit"]

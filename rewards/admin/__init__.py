"""Settlements and rewards in the console."""

from rewards.admin import lists, prize

__all__ = ["lists", "prize"]

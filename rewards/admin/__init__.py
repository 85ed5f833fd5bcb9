"""Settlements and rewards in the console, and the pages that need several apps."""

from rewards.admin import approvals, flows, gamer, home, lists, search, settlement, withdrawals

__all__ = ["approvals", "flows", "gamer", "home", "lists", "search", "settlement", "withdrawals"]

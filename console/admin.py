"""The screens of this app. Django loads this module; it loads theirs."""

from console import approvals, flows, gamer, home, search, settlement, webhooks, withdrawals

__all__ = ["approvals", "flows", "gamer", "home", "search", "settlement", "webhooks", "withdrawals"]

"""Gamers, clients, webhooks and operators in the console."""

from users.admin import clients, codes, gamers, operators, settings, webhooks

__all__ = ["clients", "codes", "gamers", "operators", "settings", "webhooks"]

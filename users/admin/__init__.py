"""Gamers, clients, webhooks and operators in the console."""

from users.admin import clients, gamers, operators, settings, webhooks

__all__ = ["clients", "gamers", "operators", "settings", "webhooks"]

"""Gamers, clients and operators in the console."""

from users.admin import clients, codes, gamers, operators, settings

__all__ = ["clients", "codes", "gamers", "operators", "settings"]

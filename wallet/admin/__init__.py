"""Money in the console: read-only lists, and actions that call services."""

from wallet.admin import addresses, adjustments, lists, rails

__all__ = ["addresses", "adjustments", "lists", "rails"]

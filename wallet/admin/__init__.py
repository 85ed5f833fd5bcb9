"""Money in the console: read-only, without exception. What operators may do are acts that call journeys."""

from wallet.admin import adjustments, lists, queue, rails

__all__ = ["adjustments", "lists", "queue", "rails"]

"""Gamer 360: the page with a tab for each app's part, the actions on it, and the personal data."""

from console.gamer import actions, contact, page

__all__ = ["actions", "contact", "page"]

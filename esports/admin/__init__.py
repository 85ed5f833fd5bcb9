"""Tournaments in the console: lists, pages, and the actions of organisers and referees."""

from esports.admin import changes, lists, participation, previews, series, templates, tournament, wizard

__all__ = ["changes", "lists", "participation", "previews", "series", "templates", "tournament", "wizard"]

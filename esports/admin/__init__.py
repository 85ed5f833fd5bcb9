"""Play in the console: lists, pages, and what organisers and referees do there."""

from esports.admin import changes, lists, participation, previews, series, templates, tournament, wizard

__all__ = ["changes", "lists", "participation", "previews", "series", "templates", "tournament", "wizard"]

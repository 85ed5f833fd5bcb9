"""Tournaments in the console: read-only for now; changes go through services."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from esports.models import PrizeTable, Tournament
from esports.selectors.tournaments import seen, with_clock
from kgen.console import ReadOnlyAdmin


@admin.register(Tournament)
class TournamentAdmin(ReadOnlyAdmin):
    """Tournaments with their status by the clock."""

    list_display = ["title", "status", "buy_in_price", "taken", "starts_at", "ends_at", "client"]
    list_filter = ["client", "mode"]
    search_fields = ["=id", "title"]
    ordering = ["-created_at"]

    def get_queryset(self, request: HttpRequest) -> Any:
        # Here and not by list_select_related, which gives way to what the clock's query already joins.
        return with_clock(super().get_queryset(request)).select_related("client")

    @admin.display(description="status")
    def status(self, row: Any) -> str:
        """What it is now."""
        return seen(row).status.value

    @admin.display(description="joined")
    def taken(self, row: Tournament) -> str:
        """How many of the seats."""
        return f"{row.seats.taken} / {row.seats.size}"


@admin.register(PrizeTable)
class PrizeTableAdmin(admin.ModelAdmin[PrizeTable]):
    """Named prize tables."""

    list_display = ["name", "client"]
    list_filter = ["client"]
    search_fields = ["name"]

"""The list of gamers in the console. A gamer's own page, which spans apps, is in `console.gamer`."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from kgen.admin_site.actions import ConsoleAction, on_rows
from kgen.admin_site.admin import ClientFilter, ReadOnlyAdmin
from kgen.admin_site.navigation import Nav
from users import services
from users.models import Gamer
from users.selectors.people import gamers_named

UNLINK = ConsoleAction("gamer.unlink_phone", "users.unlink_phone")


@admin.register(Gamer)
class GamerAdmin(ReadOnlyAdmin):
    """Gamers, newest first; a row opens the gamer's page."""

    nav = Nav("People", "Gamers", "group", 10)
    page = "gamer_page"
    list_display = ["user_id", "username", "client", "linked_at", "suspended_at", "created_at"]
    list_filter = [("client", ClientFilter)]
    list_select_related = ["client"]
    search_fields = ["user_id"]
    search_help_text = "user id, gamer id, wallet id or address, exactly; by phone: the search on top of the page"
    actions = ["unlink_phone"]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[QuerySet[Any], bool]:
        """Search by a gamer's ids, exactly."""
        return (queryset.filter(gamers_named(search_term)) if search_term.strip() else queryset), False

    @on_rows(UNLINK, "Unlink the phone (with a reason)")
    def unlink_phone(self, request: HttpRequest, row: Gamer, reason: str) -> Any:
        """Unlink a gamer's phone."""
        by = f"operator {request.user.get_username()}"
        return services.unlink_phone(client=row.client, user_id=row.user_id, reason=reason, by=by)

"""Templates of tournaments: the list, and removing one."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html

from esports.models import TournamentTemplate
from esports.prizes import fault_of
from esports.services.templates import delete_template
from kgen.admin_site.actions import ConsoleAction, on_rows
from kgen.admin_site.admin import ClientFilter, ReadOnlyAdmin
from kgen.admin_site.moments import moment
from kgen.admin_site.navigation import Nav
from kgen.admin_site.pages import address

ORGANISE = "esports.organise_tournament"


@admin.register(TournamentTemplate)
class TemplateAdmin(ReadOnlyAdmin):
    """Templates, newest first. The wizard's last step makes and replaces them."""

    nav = Nav("Play", "Templates", "content_copy", 25)
    permission = ORGANISE
    list_display = ["name", "client", "tournament_title", "buy_in", "seats", "fault", "changed", "use"]
    list_filter = [("client", ClientFilter)]
    list_select_related = ["client"]
    search_fields = ["=id", "name"]
    actions = ["remove"]

    @admin.display(description="title")
    def tournament_title(self, row: TournamentTemplate) -> str:
        """The title of its tournaments."""
        return str(row.terms["title"])

    @admin.display(description="buy-in")
    def buy_in(self, row: TournamentTemplate) -> str:
        """The buy-in with its currency."""
        return f"{row.terms['buy_in_price']:,} {row.client.currency}"

    @admin.display(description="seats")
    def seats(self, row: TournamentTemplate) -> str:
        """The number of seats."""
        return f"{row.terms['tournament_size']:,}"

    @admin.display(description="to be changed", empty_value="")
    def fault(self, row: TournamentTemplate) -> str:
        """Why a tournament with these terms is refused; empty if it is not."""
        return fault_of(row.terms)

    @admin.display(description="changed")
    def changed(self, row: TournamentTemplate) -> str:
        """The time of the last change."""
        return moment(row.updated_at)

    @admin.display(description="use it")
    def use(self, row: TournamentTemplate) -> str:
        """Links to a new tournament and a new series from the template."""
        query = f"?client={row.client_id}"
        return format_html(
            '<a href="{}">tournament</a> · <a href="{}">series</a>',
            address("wizard") + query,
            f"{address('series_new')}{query}&template={row.pk}",
        )

    @on_rows(ConsoleAction("template.delete", ORGANISE), "Remove")
    def remove(self, request: HttpRequest, row: Any, reason: str) -> None:
        """Remove a template; tournaments made from it are unchanged."""
        delete_template(client_id=row.client_id, template_id=row.pk)

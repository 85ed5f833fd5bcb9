"""A gamer's personal data, which other pages show masked."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from console.gamer.page import GamerPage
from kgen import audit
from kgen.admin_site.actions import ConsoleAction
from kgen.admin_site.pages import ConsolePage, address, does, page
from kgen.admin_site.scope import scoped
from users.selectors.people import all_gamers, links_of


@page
class GamerContactPage(ConsolePage):
    """Phones, addresses and the device in full, shown on request with a reason, which leaves a trace."""

    route = "people/gamers/<uuid:pk>/contact/"
    name = "gamer_contact"
    title = "Personal data"
    permission = "users.see_phone"
    template_name = "console/gamer_contact.html"

    def data(self, **kwargs: Any) -> dict[str, Any]:
        return {"gamer": get_object_or_404(scoped(all_gamers(), self.request.user), pk=kwargs["pk"])}

    def breadcrumbs(self, **kwargs: Any) -> list[tuple[str, str]]:
        gamer = self.data(**kwargs)["gamer"]
        return [("Gamers", address("users_gamer_changelist")), (gamer.user_id, address(GamerPage.name, pk=gamer.pk))]

    @does(ConsoleAction("phone.see", "users.see_phone"))
    def show(self, pk: UUID) -> HttpResponse | None:
        """Write the trace, then show the data; without a reason do neither."""
        shown = self.data(pk=pk)
        if not self.reason:
            return None
        gamer = shown["gamer"]
        audit.record_view(
            operator=self.request.user, what="phone", subject=gamer, request=self.request, reason=self.reason
        )
        return self.render(**shown, links=links_of(gamer), full=True)

"""When the duties last came through, for who has to see that they do."""

from typing import Any

from kgen.admin_site.navigation import Nav
from kgen.admin_site.pages import ConsolePage, page
from kgen.admin_site.scope import clients_of
from kgen.health import duty_runs

# What waits while a duty is silent.
WAITS = {
    "sweep": "settlements, refunds, series, everything that the clock brings",
    "codes": "phone codes by SMS",
    "payouts": "withdrawals that are to be sent or asked about",
    "webhooks": "news to the studios",
}


@page
class DutiesPage(ConsolePage):
    """The sweep and the duties with a queue of their own. They are of all clients: who is limited to some sees none."""

    route, name, title = "oversight/duties/", "duties", "Duties"
    permission, template_name = "kgen.see_home", "console/duties.html"
    nav = Nav("Oversight", "Duties", "schedule", 70)

    def data(self, **kwargs: Any) -> dict[str, Any]:
        runs = duty_runs() if clients_of(self.request.user) is None else []
        return {"runs": [(run, WAITS[run.name]) for run in runs]}

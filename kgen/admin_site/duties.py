"""The page of the duties: when each last ran."""

from typing import Any

from kgen.admin_site.navigation import Nav
from kgen.admin_site.pages import ConsolePage, page
from kgen.admin_site.scope import clients_of
from kgen.health import duty_runs

# The work of each duty, which waits while the duty is silent.
WORK = {
    "sweep": "settlements, refunds, series and all else that the clock makes due",
    "codes": "phone codes by SMS",
    "payouts": "withdrawals to send, and unknown payouts to ask about",
    "webhooks": "webhooks to the studios",
}


@page
class DutiesPage(ConsolePage):
    """The sweep and the duties with a queue of their own. Limited operators see none: duties serve all clients."""

    route, name, title = "oversight/duties/", "duties", "Duties"
    permission, template_name = "kgen.see_home", "console/duties.html"
    nav = Nav("Oversight", "Duties", "schedule", 70)

    def data(self, **kwargs: Any) -> dict[str, Any]:
        runs = duty_runs() if clients_of(self.request.user) is None else []
        return {"runs": [(run, WORK[run.name]) for run in runs]}

"""Rails in the console: which run, why one does not, what waits for it; pausing and resuming."""

from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.shortcuts import get_object_or_404

from kgen.admin_site.actions import ConsoleAction, operator_id
from kgen.admin_site.admin import ReadOnlyAdmin
from kgen.admin_site.navigation import Nav
from kgen.admin_site.pages import ConsolePage, does, page
from kgen.admin_site.scope import scoped
from wallet import payouts
from wallet.models import PauseReason, PayoutRail
from wallet.selectors.rails import COUNTED_TO, rail_queue
from wallet.services import switching

MAY_SEE, MAY_SWITCH = "wallet.view_payoutrail", "wallet.switch_rail"
PAUSE = ConsoleAction("rail.pause", MAY_SWITCH)
RESUME = ConsoleAction("rail.resume", MAY_SWITCH)

# What stands beside each cause of a pause, and what resuming then vouches for.
CAUSES = {
    PauseReason.OPERATOR: "Paused by an operator. It stays so until somebody resumes it.",
    PauseReason.BREAKER: "The circuit breaker is open: calls fail. It tries again by itself; resuming sends at once.",
    PauseReason.CONFIGURATION: "The rail refuses us as such. Set its address and secret right before resuming.",
    PauseReason.RESTORE: (
        "This database came out of a backup and may have forgotten payouts. Compare with the rail's own books what it "
        "has paid since the backup. After resuming, the rail is asked about every withdrawal before anything is sent."
    ),
}


@admin.register(PayoutRail)
class PayoutRailAdmin(ReadOnlyAdmin):
    """One rail's row, to read; the page of rails shows what waits for it."""

    client_path = None
    list_display = ["name", "pause", "reason", "since", "failures", "probe_at"]


@page
class RailsPage(ConsolePage):
    """All rails, which belong to no client: operators with a limit see none."""

    route, name, title = "money/rails/", "rails", "Rails"
    permission = MAY_SEE
    template_name = "console/rails.html"
    nav = Nav("Money", "Rails", "conversion_path", 15)

    def data(self, **kwargs: Any) -> dict[str, Any]:
        in_use = payouts.rails()
        rows = scoped(PayoutRail.objects.order_by("name"), self.request.user, None)
        found = [
            {
                "row": rail,
                "in_use": rail.pk in in_use,
                "queue": rail_queue(rail.pk),
                "cause": CAUSES[PauseReason(rail.pause)] if rail.pause else "",
                "confirm": rail.pause == PauseReason.RESTORE,
            }
            for rail in rows
        ]
        return {"rails": found, "counted_to": COUNTED_TO, "trips_at": settings.PAYOUT_BREAKER_FAILURES}

    @does(PAUSE)
    def pause(self) -> None:
        """Send nothing more over it."""
        rail = self._chosen()
        call = partial(switching.pause_rail, name=rail.pk, operator_id=operator_id(self.request), reason=self.reason)
        self.run(PAUSE, call, subject=rail, done=f"{rail} is paused: requests are taken, nothing goes out.")

    @does(RESUME)
    def resume(self) -> None:
        """Let it run again; after a restore only for who has compared the books."""
        rail = self._chosen()
        cause = self.request.POST.get("cause", "")
        if cause not in PauseReason.values or (
            cause == PauseReason.RESTORE and self.request.POST.get("compared") != "yes"
        ):
            messages.error(self.request, f"{rail}: confirm that you have compared this database with the rail's books.")
            return
        call = partial(
            switching.resume_rail,
            name=rail.pk,
            operator_id=operator_id(self.request),
            reason=self.reason,
            cause=PauseReason(cause),
        )
        self.run(RESUME, call, subject=rail, done=f"{rail} runs again.")

    def _chosen(self) -> PayoutRail:
        rows = scoped(PayoutRail.objects.all(), self.request.user, None)
        # What can be no rail's name need not trouble the database, which refuses some of it (NUL).
        name = self.request.POST.get("rail", "")
        return get_object_or_404(rows, pk=name if name.isprintable() else "")

"""Rails in the console: their state, the cause of a pause, their queue; pausing and resuming."""

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

# The text for each cause of a pause: what it means and what to check before resuming.
CAUSES = {
    PauseReason.OPERATOR: "Paused by an operator. It stays paused until an operator resumes it.",
    PauseReason.BREAKER: "The circuit breaker is open: calls fail. It retries automatically; resuming sends at once.",
    PauseReason.CONFIGURATION: "The rail refuses every call. Correct its address and secret before resuming.",
    PauseReason.RESTORE: (
        "This database was restored from a backup and may lack payouts. Compare it with the rail's books of payouts "
        "since the backup. After resuming, the rail is asked about every withdrawal before anything is sent."
    ),
}


@admin.register(PayoutRail)
class PayoutRailAdmin(ReadOnlyAdmin):
    """A rail's row, read-only; the page of rails shows its queue."""

    client_path = None
    list_display = ["name", "pause", "reason", "since", "failures", "probe_at"]


@page
class RailsPage(ConsolePage):
    """All rails. They belong to no client, so operators with a client limit see none."""

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
        """Pause the rail: nothing more is sent over it."""
        rail = self._chosen()
        call = partial(switching.pause_rail, name=rail.pk, operator_id=operator_id(self.request), reason=self.reason)
        self.run(PAUSE, call, subject=rail, done=f"{rail} is paused: withdrawals are accepted, nothing is sent.")

    @does(RESUME)
    def resume(self) -> None:
        """Resume the rail. After a restore the operator must confirm that the books were compared."""
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
        # Unprintable text is no rail's name, and PostgreSQL refuses NUL.
        name = self.request.POST.get("rail", "")
        return get_object_or_404(rows, pk=name if name.isprintable() else "")

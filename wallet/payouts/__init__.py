"""Rails that payouts go out over: one module each behind one interface. No database, no decisions."""

from django.conf import settings

from wallet.payouts.http import HttpRail
from wallet.payouts.internal import InternalRail
from wallet.payouts.rail import InvalidSignature, PayoutOrder, PayoutOutcome, Rail, Reply, Report

__all__ = ["InvalidSignature", "PayoutOrder", "PayoutOutcome", "Rail", "Reply", "Report", "rails"]


def rails() -> dict[str, Rail]:
    """The rails that this installation can use, by name. A withdrawal stays on the one it was requested for."""
    usable: list[Rail] = [InternalRail()]
    if settings.PAYOUT_GATEWAY_URL:
        usable.append(HttpRail.from_settings())
    return {rail.name: rail for rail in usable}

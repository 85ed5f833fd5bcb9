"""Payout rails: one module each behind one interface. They touch no database and decide nothing."""

from django.conf import settings

from wallet.payouts.http import HttpRail
from wallet.payouts.internal import InternalRail
from wallet.payouts.rail import EVIDENCE, STATUSES, InvalidSignature, PayoutOrder, PayoutOutcome, Rail, Reply, Report

__all__ = [
    "EVIDENCE",
    "STATUSES",
    "InvalidSignature",
    "PayoutOrder",
    "PayoutOutcome",
    "Rail",
    "Reply",
    "Report",
    "rails",
]


def rails() -> dict[str, Rail]:
    """Return the rails that are configured, by name. A withdrawal keeps the rail for which it was requested."""
    usable: list[Rail] = [InternalRail()]
    if settings.PAYOUT_GATEWAY_URL:
        usable.append(HttpRail.from_settings())
    return {rail.name: rail for rail in usable}

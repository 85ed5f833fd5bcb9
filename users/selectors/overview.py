"""Totals of phone codes over all gamers."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q

from users.models import PhoneChallenge


@dataclass(frozen=True)
class CodeTotals:
    """Requested codes: how many were sent, used, and given up."""

    sent: int
    used: int
    given_up: int


def codes_since(clients: Collection[UUID] | None, since: datetime) -> CodeTotals:
    """The totals of these clients (None: all). Challenges are kept for two days only (`forget_codes`)."""
    rows = PhoneChallenge.objects.filter(created_at__gte=since)
    if clients is not None:
        rows = rows.filter(client__in=clients)
    counts = rows.aggregate(
        sent=Count("pk", filter=Q(message__sent_at__isnull=False)),
        used=Count("used_at"),
        given_up=Count("pk", filter=Q(message__given_up_at__isnull=False)),
    )
    return CodeTotals(**counts)

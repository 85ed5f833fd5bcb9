"""Duty: remove old entries of the log of changed standings."""

from datetime import timedelta

from esports.models import StandingChange
from kgen.clock import database_now

# Longer than a board's set lives without readers (esports.selectors.ranks.KEPT_MS), so no set reads back this far.
KEPT = timedelta(hours=2)
CHANGES_AT_ONCE, ROUNDS = 10_000, 10


def forget_changes() -> None:
    """Duty: remove changes older than two hours, oldest first. Any number of sweepers may run."""
    for _ in range(ROUNDS):
        if forget_oldest() < CHANGES_AT_ONCE:
            return


def forget_oldest() -> int:
    """Remove the oldest changes that are older than two hours; how many."""
    # The key grows with time.
    oldest = StandingChange.objects.order_by("pk").values("pk")[:CHANGES_AT_ONCE]
    return StandingChange.objects.filter(pk__in=oldest, changed_at__lt=database_now() - KEPT).delete()[0]

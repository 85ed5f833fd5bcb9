"""Duty: forget which standings changed long ago."""

from datetime import timedelta

from esports.models import StandingChange
from kgen.clock import database_now

# Far more than a board's ranks live without being asked for (esports.selectors.ranks.KEPT_MS): no set that is still
# there looks back as far.
KEPT = timedelta(hours=2)
CHANGES_AT_ONCE, ROUNDS = 10_000, 10


def forget_changes() -> None:
    """Duty: remove changes whose time is over, the oldest first. Any number of sweepers may."""
    for _ in range(ROUNDS):
        if forget_oldest() < CHANGES_AT_ONCE:
            return


def forget_oldest() -> int:
    """Remove the oldest changes whose time is over; how many."""
    # By their key, which grows with time.
    oldest = StandingChange.objects.order_by("pk").values("pk")[:CHANGES_AT_ONCE]
    return StandingChange.objects.filter(pk__in=oldest, changed_at__lt=database_now() - KEPT).delete()[0]

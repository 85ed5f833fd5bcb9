"""Hints that make the duties of this app soon; the duties themselves are rows."""

from uuid import UUID

from celery import shared_task

from esports.selectors.ranks import build_board as build
from esports.services import announcing, cancelling, changes, entries, name_sync, series_sweeping


@shared_task
def book_cancellations() -> None:
    """Refund what the clock or a studio has cancelled."""
    cancelling.book_cancellations()


@shared_task
def announce() -> None:
    """Tell studios' webhooks of tournaments that have started, locked or ended."""
    announcing.announce_due()


@shared_task
def sweep_series() -> None:
    """Make the tournaments of series that are due, and plan what comes next."""
    series_sweeping.sweep_series()


@shared_task
def count_entries() -> None:
    """Bring the counts of entries by day forward."""
    entries.count_entries()


@shared_task
def forget_changes() -> None:
    """Remove changes of standings that no rank looks back to."""
    changes.forget_changes()


@shared_task
def sync_names() -> None:
    """Write new names of gamers into their rows of boards."""
    name_sync.sync_names()


# A board of a million takes some ten seconds; one that takes as long as this is begun again by its next reader.
@shared_task(soft_time_limit=280, time_limit=300)
def build_board(tournament_id: str) -> None:
    """Make a large board's ranks, so that no reader has to wait for it."""
    build(UUID(tournament_id))

"""Hints that make this app's duties run soon; the duties themselves are rows."""

from uuid import UUID

from celery import shared_task

from esports.selectors.ranks import build_board as build
from esports.services import announcing, cancelling, changes, entries, name_sync, series_sweeping


@shared_task
def book_cancellations() -> None:
    """Refund the stakes of cancelled tournaments."""
    cancelling.book_cancellations()


@shared_task
def announce() -> None:
    """Emit webhook events of tournaments that have started, locked or ended."""
    announcing.announce_due()


@shared_task
def sweep_series() -> None:
    """Make the due tournaments of series, and store the next occurrences."""
    series_sweeping.sweep_series()


@shared_task
def count_entries() -> None:
    """Bring the totals of entries by day forward."""
    entries.count_entries()


@shared_task
def forget_changes() -> None:
    """Remove changes of standings that no set of ranks needs any more."""
    changes.forget_changes()


@shared_task
def sync_names() -> None:
    """Write new names of gamers into their rows of boards."""
    name_sync.sync_names()


# A board of a million takes about ten seconds. If one takes longer than this, its next reader asks again.
@shared_task(soft_time_limit=280, time_limit=300)
def build_board(tournament_id: str) -> None:
    """Make a large board's set of ranks, so that no reader waits for it."""
    build(UUID(tournament_id))

"""Duties of series: storing the next occurrences and making their tournaments, each once in its own transaction."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db.models import Case, F, Value, When

from esports import series
from esports.models import WAITING, SeriesOccurrence, TournamentSeries
from esports.selectors.series import occurrences_due, plans_due
from esports.services.organising import make_tournament
from esports.services.series import plan
from kgen.clock import database_now
from kgen.errors import DomainError, WrongState
from kgen.transactions import transactional

log = structlog.get_logger(__name__)

AT_ONCE = 200
SKIPPED_AT_ONCE = 1000
# The time between tries after a refusal; they end with the start.
RETRY_AFTER = timedelta(minutes=1)
MISSED = "No worker ran in time to make it."
FAULT = "It could not be made; the worker's log says why."


def sweep_series(*, most: int = AT_ONCE) -> int:
    """Duty: store the next occurrences, skip missed ones, make due ones; how many rows were due."""
    plans = plans_due(most)
    for series_id in plans:
        plan_due(series_id)
    skipped = skip_missed()
    due = occurrences_due(most)
    for occurrence_id in due:
        make_due(occurrence_id)
    return len(plans) + skipped + len(due)


def make_due(occurrence_id: int) -> None:
    """Duty: make one occurrence's tournament, or store the reason for its refusal and the time of the next try."""
    try:
        make_occurrence(occurrence_id=occurrence_id)
    except DomainError as refusal:
        put_off(occurrence_id=occurrence_id, reason=f"{refusal.code}: {refusal.detail}")
    except Exception:
        # Put off like a refusal: else enough of these would keep the sweep from all other occurrences.
        log.exception("occurrence not made", occurrence_id=occurrence_id)
        put_off(occurrence_id=occurrence_id, reason=FAULT)


def plan_due(series_id: UUID) -> None:
    """Duty: store one series' next occurrences."""
    try:
        plan_series(series_id=series_id)
    except Exception:
        # It stays due and is tried again; other clients' series must not wait for it.
        log.exception("series not planned", series_id=str(series_id))


@transactional
def plan_series(*, series_id: UUID) -> None:
    """Duty: store a series' next occurrences; nothing while another sweep holds it, or if it is paused or deleted."""
    rows = TournamentSeries.objects.select_for_update(skip_locked=True)
    row = rows.filter(pk=series_id, active=True, deleted_at=None, plan_at__isnull=False).first()
    if row is not None:
        plan(row, database_now())


@transactional
def skip_missed() -> int:
    """Duty: skip occurrences that were not made before their start, with the reason; how many."""
    now = database_now()
    missed = SeriesOccurrence.objects.select_for_update(skip_locked=True).filter(WAITING, starts_at__lte=now)
    ids: Sequence[int] = list(missed.order_by("starts_at", "id").values_list("pk", flat=True)[:SKIPPED_AT_ONCE])
    reason = Case(When(reason="", then=Value(MISSED)), default=F("reason"))
    return SeriesOccurrence.objects.filter(pk__in=ids).update(skipped_at=now, reason=reason)


@transactional
def make_occurrence(*, occurrence_id: int) -> None:
    """Make the tournament of an occurrence; nothing if it is made, past or deleted, or another sweep holds it.

    :raises WrongState: the client is switched off. Raises also as `create_tournament`.
    """
    rows = SeriesOccurrence.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
    row = rows.filter(WAITING, pk=occurrence_id).select_related("series", "client").first()
    # The clock under the lock: an occurrence that has started is never made.
    if row is None or row.starts_at <= database_now():
        return
    if not row.series.active or row.series.deleted_at is not None:
        return
    if not row.client.active:
        raise WrongState("The client is switched off.")
    made = make_tournament(client=row.client, given=_given(row))
    SeriesOccurrence.objects.filter(pk=row.pk).update(tournament=made.tournament, reason="")


def _given(row: SeriesOccurrence) -> dict[str, Any]:
    """The fields of the occurrence's tournament."""
    template: dict[str, Any] = row.series.template
    title = series.title_at(template["title"], row.starts_at, row.series.time_zone)
    return template | asdict(row.series.offsets.timetable(row.starts_at)) | {"title": title}


@transactional
def put_off(*, occurrence_id: int, reason: str) -> None:
    """Store why an occurrence was not made and when to try again; nothing if it was made meanwhile."""
    rows = SeriesOccurrence.objects.filter(WAITING, pk=occurrence_id)
    rows.update(reason=reason[:500], due_at=database_now() + RETRY_AFTER)

"""Questions about jobs. Each takes the operator: another's job is unknown."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from kgen.api.pagination import Key, Page, page_of
from kgen.clock import database_now
from kgen.errors import RecordNotFound
from kgen.jobs import registry
from kgen.jobs.models import OPEN, ItemState, Job, JobChunk, JobItem, JobState

LISTED = 50
REFUSALS_TOLD = 100
NEWEST_FIRST = (Key("id", "uuid", descending=True),)
# Older failures are history.
LATELY = timedelta(days=7)
# How long an export can be fetched, and what a job did be looked up item by item.
KEPT_FOR = timedelta(days=7)


def job_page(operator_id: int, cursor: str | None, *, failed: bool = False) -> Page[Job]:
    """An operator's jobs, newest first; `failed`: those alone that have failed lately.

    :raises Invalid: the cursor is not one of this list.
    """
    rows = failed_jobs(operator_id) if failed else Job.objects.filter(operator_id=operator_id)
    scope = f"jobs:{operator_id}:{'failed' if failed else 'all'}"
    return page_of(rows, NEWEST_FIRST, scope=scope, cursor=cursor, limit=LISTED)


def jobs_by_id(operator_id: int, id: UUID) -> QuerySet[Job]:
    """The operator's job of that id."""
    return Job.objects.filter(operator_id=operator_id, pk=id)


def failed_jobs(operator_id: int) -> QuerySet[Job]:
    """An operator's jobs that have failed lately."""
    since = database_now() - LATELY
    return Job.objects.filter(operator_id=operator_id, state=JobState.FAILED, finished_at__gte=since)


def job_of(operator_id: int, job_id: UUID) -> Job:
    """One of an operator's jobs.

    :raises RecordNotFound: it has none of that id.
    """
    found = Job.objects.filter(operator_id=operator_id, pk=job_id).first()
    if found is None:
        raise RecordNotFound()
    return found


def has_file(job: Job, now: datetime) -> bool:
    """Whether there is a file to fetch."""
    if job.state != JobState.DONE or job.finished_at is None:
        return False
    return registry.is_export(job.kind) and now < job.finished_at + KEPT_FOR


def file_of(operator_id: int, job_id: UUID) -> tuple[Job, Iterator[bytes]]:
    """An export's file, a piece at a time, each by a query of its own.

    :raises RecordNotFound: not this operator's, no export, not done, or no longer kept.
    """
    job = job_of(operator_id, job_id)
    if not has_file(job, database_now()):
        raise RecordNotFound()
    return job, _pieces(job)


def _pieces(job: Job) -> Iterator[bytes]:
    number = 0
    while body := JobChunk.objects.filter(job=job, number=number).values_list("body", flat=True).first():
        yield bytes(body)
        number += 1


def jobs_due(now: datetime) -> QuerySet[Job]:
    """Duty: jobs that nobody is at, longest due first."""
    return Job.objects.filter(state__in=OPEN, due_at__lte=now).order_by("due_at", "id")


def pending_items(job: Job, most: int) -> list[JobItem]:
    """The next acts of a job."""
    return list(job.items.filter(state=ItemState.PENDING).order_by("number")[:most])


def summary_of(job: Job) -> dict[str, Any]:
    """What became of a job's acts so far: how many of each, and the first refusals in words. Of an export nothing."""
    if registry.is_export(job.kind):
        return {}
    counts = dict(job.items.order_by().values_list("state").annotate(Count("pk")))
    refusals = job.items.filter(state=ItemState.REFUSED).order_by("number")[:REFUSALS_TOLD]
    return {
        "done": counts.get(ItemState.DONE, 0),
        "refused": counts.get(ItemState.REFUSED, 0),
        "left": counts.get(ItemState.PENDING, 0),
        "refusals": [{"subject": str(item.subject), "detail": item.detail} for item in refusals],
    }


def left_behind(now: datetime) -> Q:
    """Duty: of which jobs (by `job__…`) items and files are kept no longer."""
    unfinished_file = Q(job__state__in=[JobState.FAILED, JobState.CANCELLED], job__kind__startswith=registry.EXPORT)
    return Q(job__finished_at__lte=now - KEPT_FOR) | unfinished_file

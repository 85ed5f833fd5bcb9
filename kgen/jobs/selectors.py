"""Selectors of jobs. For pages each takes the operator: another operator's job does not exist for it."""

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
REFUSALS_LISTED = 100
NEWEST_FIRST = (Key("id", "uuid", descending=True),)
# The list of failed jobs leaves out older failures.
RECENT = timedelta(days=7)
# How long files of exports and items of jobs are kept after a job's end.
KEPT_FOR = timedelta(days=7)


def job_page(operator_id: int, cursor: str | None, *, failed: bool = False) -> Page[Job]:
    """An operator's jobs, newest first; with `failed` only recently failed ones.

    :raises Invalid: the cursor is not of this list.
    """
    rows = failed_jobs(operator_id) if failed else Job.objects.filter(operator_id=operator_id)
    scope = f"jobs:{operator_id}:{'failed' if failed else 'all'}"
    return page_of(rows, NEWEST_FIRST, scope=scope, cursor=cursor, limit=LISTED)


def jobs_by_id(operator_id: int, id: UUID) -> QuerySet[Job]:
    """The operator's job with this id."""
    return Job.objects.filter(operator_id=operator_id, pk=id)


def failed_jobs(operator_id: int) -> QuerySet[Job]:
    """An operator's jobs that have failed in the last week."""
    since = database_now() - RECENT
    return Job.objects.filter(operator_id=operator_id, state=JobState.FAILED, finished_at__gte=since)


def job_of(operator_id: int, job_id: UUID) -> Job:
    """One of an operator's jobs.

    :raises RecordNotFound: the operator has no job with this id.
    """
    found = Job.objects.filter(operator_id=operator_id, pk=job_id).first()
    if found is None:
        raise RecordNotFound()
    return found


def has_file(job: Job, now: datetime) -> bool:
    """Whether the job has a file that is still kept."""
    if job.state != JobState.DONE or job.finished_at is None:
        return False
    return registry.is_export(job.kind) and now < job.finished_at + KEPT_FOR


def file_of(operator_id: int, job_id: UUID) -> tuple[Job, Iterator[bytes]]:
    """An export's file in pieces, one query each.

    :raises RecordNotFound: the job is not this operator's, no export, not done, or its file is no longer kept.
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
    """Duty: open jobs that no worker has a lease on, longest due first."""
    return Job.objects.filter(state__in=OPEN, due_at__lte=now).order_by("due_at", "id")


def pending_items(job: Job, most: int) -> list[JobItem]:
    """A job's next pending items, at most `most`."""
    return list(job.items.filter(state=ItemState.PENDING).order_by("number")[:most])


def summary_of(job: Job) -> dict[str, Any]:
    """A job's items so far: their number by state, and the first refusals. Empty for an export."""
    if registry.is_export(job.kind):
        return {}
    counts = dict(job.items.order_by().values_list("state").annotate(Count("pk")))
    refusals = job.items.filter(state=ItemState.REFUSED).order_by("number")[:REFUSALS_LISTED]
    return {
        "done": counts.get(ItemState.DONE, 0),
        "refused": counts.get(ItemState.REFUSED, 0),
        "left": counts.get(ItemState.PENDING, 0),
        "refusals": [{"subject": str(item.subject), "detail": item.detail} for item in refusals],
    }


def left_behind(now: datetime) -> Q:
    """Duty: the condition (by `job__…`) for items and file pieces that are no longer kept."""
    unfinished_file = Q(job__state__in=[JobState.FAILED, JobState.CANCELLED], job__kind__startswith=registry.EXPORT)
    return Q(job__finished_at__lte=now - KEPT_FOR) | unfinished_file

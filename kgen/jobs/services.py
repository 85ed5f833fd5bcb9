"""Journeys of jobs: asking for one, cancelling it, forgetting what it left. Running them is kgen.jobs.running."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from celery import current_app
from django.db import transaction

from kgen import valkey
from kgen.clock import database_now
from kgen.errors import Conflict, Invalid
from kgen.jobs import operators, registry
from kgen.jobs.models import OPEN, Job, JobChunk, JobItem, JobState
from kgen.jobs.selectors import job_of, left_behind, summary_of
from kgen.states import move_to
from kgen.transactions import transactional

log = structlog.get_logger(__name__)

MOST_ITEMS = 10_000
MOST_OPEN = 20
LONGEST_RANGE = timedelta(days=366)
FORGOTTEN_AT_ONCE = 500


@transactional
def request_acts(
    *,
    operator_id: int,
    kind: str,
    subjects: Sequence[UUID],
    reason: str,
    client_ids: Sequence[UUID] | None = None,
    request_id: str = "",
    parameters: dict[str, Any] | None = None,
) -> Job:
    """Ask for one act per subject; a subject named twice is acted upon once. `client_ids` None: all of its clients.

    :raises RecordNotFound: there is no such kind.
    :raises Forbidden: the operator may not do it.
    :raises Invalid: no subject, too many, or no reason.
    :raises Conflict: too many jobs of this operator are open.
    """
    wanted = list(dict.fromkeys(subjects))
    if not 1 <= len(wanted) <= MOST_ITEMS:
        raise Invalid(f"A job has 1 to {MOST_ITEMS} items.")
    if not reason.strip():
        raise Invalid("Give a reason.")
    given = parameters or {}
    clients = _allowed_clients(operator_id, kind, given, client_ids)
    job = _create(operator_id, kind, given, reason, clients, request_id, total=len(wanted))
    JobItem.objects.bulk_create(
        (JobItem(job=job, number=number, subject=subject) for number, subject in enumerate(wanted)), batch_size=1000
    )
    return job


@transactional
def request_export(
    *,
    operator_id: int,
    name: str,
    since: datetime,
    until: datetime,
    client_ids: Sequence[UUID] | None = None,
    about: UUID | None = None,
    full: bool = False,
    reason: str = "",
    request_id: str = "",
) -> Job:
    """Ask for a table as a CSV file: rows of [since, until), masked unless `full`; None: all its clients.

    :raises RecordNotFound: there is no such export.
    :raises Forbidden: the operator may not have it, or not in full.
    :raises Invalid: a range that is empty or over a year, a full export without a reason, or an `about` that the table
        cannot be narrowed to (`Table.check_about`).
    :raises Conflict: too many jobs of this operator are open.
    """
    table = registry.table(name)
    if not timedelta(0) < until - since <= LONGEST_RANGE:
        raise Invalid("The range must begin before it ends and be no longer than a year.")
    if full and not reason.strip():
        raise Invalid("An export with phones and addresses in full needs a reason.")
    # Rows that come while it runs would be in it or not by chance.
    parameters = {
        "since": since.isoformat(),
        "until": min(until, database_now()).isoformat(),
        "about": str(about) if about is not None else None,
        "full": full,
    }
    kind = registry.EXPORT + name
    # Before anything is told of the row.
    clients = _allowed_clients(operator_id, kind, parameters, client_ids)
    table.check_about(about, clients)
    return _create(operator_id, kind, parameters, reason, clients, request_id, total=None)


def _allowed_clients(
    operator_id: int, kind: str, parameters: dict[str, Any], wanted: Sequence[UUID] | None
) -> list[UUID] | None:
    """The clients that such a job may touch; None: all. Refuses an operator who may not have such a job."""
    return operators.narrowed(operators.allowed(operator_id, kind, parameters), wanted)


def _create(
    operator_id: int,
    kind: str,
    parameters: dict[str, Any],
    reason: str,
    clients: Sequence[UUID] | None,
    request_id: str,
    *,
    total: int | None,
) -> Job:
    if Job.objects.filter(operator_id=operator_id, state__in=OPEN).count() >= MOST_OPEN:
        raise Conflict(f"At most {MOST_OPEN} jobs of one operator run or wait.")
    now = database_now()
    job = Job.objects.create(
        kind=kind,
        operator_id=operator_id,
        client_ids=None if clients is None else [str(id) for id in clients],
        parameters=parameters,
        reason=reason.strip()[:500],
        request_id=request_id,
        total=total,
        created_at=now,
        due_at=now,
    )
    transaction.on_commit(hint)
    return job


@transactional
def cancel_job(*, operator_id: int, job_id: UUID) -> None:
    """Stop a job: when this returns nothing further of it happens. What it did stays done.

    :raises RecordNotFound: the operator has none of that id.
    :raises WrongState: it has ended.
    """
    job = job_of(operator_id, job_id)
    # Waits for the act that is under way, which shares the row (kgen.jobs.item_actions).
    Job.objects.select_for_update().get(pk=job.pk)
    ended = {"state": JobState.CANCELLED, "finished_at": database_now(), "due_at": None}
    move_to(job, where={"state__in": OPEN}, outcome=summary_of(job), **ended)


@transactional
def forget_leftovers() -> int:
    """Duty: remove files and items that are kept no longer; how many rows."""
    due = left_behind(database_now())
    chunks = JobChunk.objects.filter(due).order_by("pk").values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE]
    items = JobItem.objects.filter(due).order_by("pk").values_list("pk", flat=True)[: 10 * FORGOTTEN_AT_ONCE]
    gone = JobChunk.objects.filter(pk__in=list(chunks)).delete()[0]
    return gone + JobItem.objects.filter(pk__in=list(items)).delete()[0]


def hint() -> None:
    """Let a worker look at once; the sweep finds the job without it too."""
    if valkey.pause.is_on():
        return
    try:
        current_app.send_task("kgen.tasks.run_jobs", expires=5, retry=False)
    except Exception as error:
        # Only the hint is lost: whatever the broker's client raises, the job is committed and due.
        log.warning("no hint for a job", error=type(error).__name__)

"""Services of jobs: asking for one, cancelling one, removing what one left. `kgen.jobs.running` runs them."""

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
    """Ask for an action on each subject; repeated subjects count once. `client_ids` None: all clients of the operator.

    :raises RecordNotFound: there is no kind with this name.
    :raises Forbidden: the operator lacks the permission.
    :raises Invalid: there is no subject, there are more than MOST_ITEMS, or the reason is missing.
    :raises Conflict: the operator has MOST_OPEN open jobs.
    """
    wanted = list(dict.fromkeys(subjects))
    if not 1 <= len(wanted) <= MOST_ITEMS:
        raise Invalid(f"A job has 1 to {MOST_ITEMS} items.")
    if not reason.strip():
        raise Invalid("Give a reason.")
    arguments = parameters or {}
    clients = _allowed_clients(operator_id, kind, arguments, client_ids)
    job = _create(operator_id, kind, arguments, reason, clients, request_id, total=len(wanted))
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
    """Ask for a table's rows of [since, until) as CSV, masked unless `full`. `client_ids` None: all the operator's.

    :raises RecordNotFound: there is no export with this name.
    :raises Forbidden: the operator lacks the permission for the table, or for personal data in full.
    :raises Invalid: the range is empty or over a year, a full export has no reason, or the table cannot be narrowed
        to `about` (`ExportTable.check_about`).
    :raises Conflict: the operator has MOST_OPEN open jobs.
    """
    table = registry.table(name)
    if not timedelta(0) < until - since <= LONGEST_RANGE:
        raise Invalid("The range must begin before it ends and be no longer than a year.")
    if full and not reason.strip():
        raise Invalid("An export with phones and addresses in full needs a reason.")
    # `until` is at most now: the export would include rows of its own running time by chance.
    parameters = {
        "since": since.isoformat(),
        "until": min(until, database_now()).isoformat(),
        "about": str(about) if about is not None else None,
        "full": full,
    }
    kind = registry.EXPORT + name
    # Check permissions first, so that refusals of check_about reveal nothing to others.
    clients = _allowed_clients(operator_id, kind, parameters, client_ids)
    table.check_about(about, clients)
    return _create(operator_id, kind, parameters, reason, clients, request_id, total=None)


def _allowed_clients(
    operator_id: int, kind: str, parameters: dict[str, Any], wanted: Sequence[UUID] | None
) -> list[UUID] | None:
    """The clients that the job may touch; None: all.

    :raises Forbidden: the operator may not run a job of this kind.
    """
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
        raise Conflict(f"An operator may have at most {MOST_OPEN} jobs that run or wait.")
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
    """Cancel a job. When this returns no further item is handled; items that are done stay done.

    :raises RecordNotFound: the operator has no job with this id.
    :raises WrongState: the job has ended.
    """
    job = job_of(operator_id, job_id)
    # Waits for the item in progress, whose transaction shares the row (kgen.jobs.item_actions).
    Job.objects.select_for_update().get(pk=job.pk)
    ended = {"state": JobState.CANCELLED, "finished_at": database_now(), "due_at": None}
    move_to(job, where={"state__in": OPEN}, outcome=summary_of(job), **ended)


@transactional
def forget_leftovers() -> int:
    """Duty: remove file pieces and items that are no longer kept; returns how many."""
    due = left_behind(database_now())
    chunks = JobChunk.objects.filter(due).order_by("pk").values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE]
    items = JobItem.objects.filter(due).order_by("pk").values_list("pk", flat=True)[: 10 * FORGOTTEN_AT_ONCE]
    removed = JobChunk.objects.filter(pk__in=list(chunks)).delete()[0]
    return removed + JobItem.objects.filter(pk__in=list(items)).delete()[0]


def hint() -> None:
    """Ask a worker to run jobs now. Losing the hint loses nothing: the sweep finds the job."""
    if valkey.pause.is_on():
        return
    try:
        current_app.send_task("kgen.tasks.run_jobs", expires=5, retry=False)
    except Exception as error:
        # Any error of the broker's client loses only the hint: the job is committed and due.
        log.warning("no hint for a job", error=type(error).__name__)

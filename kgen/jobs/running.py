"""Duty: run jobs in slices, so that other duties have their turn and nothing meets a task's time limit.

A lease says who is at a job and a fence which lease may still write. A worker that dies leaves a job that is due
when its lease is over; whoever takes it goes on behind what was committed.
"""

import time

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError

from kgen.clock import database_now
from kgen.errors import DomainError
from kgen.jobs import exporting, item_actions, operators, registry
from kgen.jobs.leases import LEASE, LeaseLost, Progress, finish, write
from kgen.jobs.models import Job, JobState
from kgen.jobs.selectors import jobs_due, summary_of
from kgen.jobs.services import hint
from kgen.transactions import transactional

log = structlog.get_logger(__name__)

# Of one task. The next hint or beat goes on.
SLICE_SECONDS = 5.0
# So often a job may lose its worker, or its worker the database, without getting any further.
MOST_STALLS = 5

# Nobody's fault of ours: the lease runs out and the job is taken up again.
PASSING = (OperationalError, InterfaceError, SoftTimeLimitExceeded)


def run_due() -> int:
    """Duty: work on due jobs for the length of a slice; how many were worked on. Any number of workers may."""
    ends = time.monotonic() + SLICE_SECONDS
    worked = 0
    while time.monotonic() < ends and (job := claim_job()):
        run_slice(job, ends)
        worked += 1
    if worked and jobs_due(database_now()).exists():
        hint()
    return worked


@transactional
def claim_job() -> Job | None:
    """Take the lease of the job that is due longest; None where none is."""
    now = database_now()
    job = jobs_due(now).select_for_update(skip_locked=True).first()
    if job is None:
        return None
    job.state, job.started_at, job.due_at = JobState.RUNNING, job.started_at or now, now + LEASE
    job.fence += 1
    job.stalls += 1
    job.save(update_fields=["state", "started_at", "due_at", "fence", "stalls"])
    return job


def run_slice(job: Job, ends: float) -> None:
    """Work on a claimed job until `ends` (time.monotonic()) or its own end."""
    try:
        _work(job, ends)
    except LeaseLost:
        log.info("job left to others", job=str(job.pk), kind=job.kind)
    except PASSING as error:
        # Left as it is: due again when the lease is over.
        log.warning("job interrupted", job=str(job.pk), kind=job.kind, error=type(error).__name__)
    except DomainError as refusal:
        _fail(job, refusal.detail)
    except Exception:
        log.exception("job failed", job=str(job.pk), kind=job.kind)
        _fail(job, "An internal error, which is in the log.")


def _work(job: Job, ends: float) -> None:
    if job.stalls > MOST_STALLS:
        _fail(job, f"It was interrupted {MOST_STALLS} times without getting any further.")
        return
    # Anew with every slice: who lost the permission meanwhile goes no further.
    operator = operators.allowed(job.operator_id, job.kind, job.parameters)
    progress = Progress(job, operator, ends)
    work = exporting.work if registry.is_export(job.kind) else item_actions.work
    if not work(progress):
        # Due at once, behind all that wait longer.
        write(job, done=progress.done, stalls=0, due_at=database_now())


def _fail(job: Job, why: str) -> None:
    try:
        finish(job, JobState.FAILED, summary_of(job) | {"error": why[:500]})
    except LeaseLost:
        log.info("job left to others", job=str(job.pk), kind=job.kind)

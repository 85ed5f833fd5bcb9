"""Duty: run jobs in slices, so that other duties are not delayed and no task reaches its time limit.

A lease gives a job to one worker, and a fence lets only the newest lease write. A worker that dies leaves a job that
becomes due again when its lease ends; the next worker goes on behind the last commit.
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

# The length of one task. The next hint or beat continues.
SLICE_SECONDS = 5.0
# How many leases in a row may end without progress, because the worker or its database was lost.
MOST_STALLS = 5

# Temporary failures: the lease ends and the job becomes due again.
PASSING = (OperationalError, InterfaceError, SoftTimeLimitExceeded)


def run_due() -> int:
    """Duty: work on due jobs for one slice; returns how many. Any number of workers may run it at once."""
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
    """Take the lease of the job that has been due longest; None if no job is due."""
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
    """Work on a claimed job until `ends` (time.monotonic()) or until the job ends."""
    try:
        _work(job, ends)
    except LeaseLost:
        log.info("job lease lost", job=str(job.pk), kind=job.kind)
    except PASSING as error:
        # The job becomes due again when its lease ends.
        log.warning("job interrupted", job=str(job.pk), kind=job.kind, error=type(error).__name__)
    except DomainError as refusal:
        _fail(job, refusal.detail)
    except Exception:
        log.exception("job failed", job=str(job.pk), kind=job.kind)
        _fail(job, "An internal error; see the log.")


def _work(job: Job, ends: float) -> None:
    if job.stalls > MOST_STALLS:
        _fail(job, f"The job was interrupted {MOST_STALLS} times without progress.")
        return
    # Checked in every slice: an operator who has lost the permission stops here.
    operator = operators.allowed(job.operator_id, job.kind, job.parameters)
    progress = Progress(job, operator, ends)
    work = exporting.work if registry.is_export(job.kind) else item_actions.work
    if not work(progress):
        # Due now, behind all jobs that have been due longer.
        write(job, done=progress.done, stalls=0, due_at=database_now())


def _fail(job: Job, error: str) -> None:
    try:
        finish(job, JobState.FAILED, summary_of(job) | {"error": error[:500]})
    except LeaseLost:
        log.info("job lease lost", job=str(job.pk), kind=job.kind)

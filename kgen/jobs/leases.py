"""Writes to a job under its lease: a worker whose lease is lost writes nothing."""

import time
from datetime import timedelta
from typing import Any

import structlog

from kgen.clock import database_now
from kgen.jobs.models import Job, JobState

log = structlog.get_logger(__name__)

# A live worker renews it whenever it notes its progress.
LEASE = timedelta(seconds=15)
NOTE_SECONDS = 0.5


class LeaseLost(Exception):
    """Not a fault: the job was cancelled, or another worker has claimed it since."""


class Progress:
    """A worker's progress on a job, written to the job's row at least every half second of work."""

    def __init__(self, job: Job, operator: Any, ends: float) -> None:
        self.job, self.operator, self.ends = job, operator, ends
        self.done = job.done
        self.noted_at = time.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether the slice has ended."""
        return time.monotonic() >= self.ends

    def add(self, count: int) -> None:
        """Count `count` more items as done; note the progress if half a second has passed.

        :raises LeaseLost: the job is no longer this worker's.
        """
        self.done += count
        if time.monotonic() - self.noted_at >= NOTE_SECONDS:
            self.note()

    def note(self, **values: Any) -> None:
        """Write the progress and `values`, and renew the lease.

        :raises LeaseLost: the job is no longer this worker's.
        """
        write(self.job, **{"done": self.done, "stalls": 0, "due_at": database_now() + LEASE} | values)
        self.noted_at = time.monotonic()


def write(job: Job, **values: Any) -> None:
    """Write to a job under this worker's lease.

    :raises LeaseLost: the job is no longer this worker's.
    """
    leased = Job.objects.filter(pk=job.pk, fence=job.fence, state=JobState.RUNNING)
    if leased.update(**values) != 1:
        raise LeaseLost()


def finish(job: Job, state: JobState, outcome: dict[str, Any], **values: Any) -> None:
    """End a job under this worker's lease.

    :raises LeaseLost: the job is no longer this worker's.
    """
    write(job, state=state, outcome=outcome, finished_at=database_now(), due_at=None, **values)
    log.info("job ended", job=str(job.pk), kind=job.kind, state=state.value)

"""What a worker may write of a job, and only while it has the lease."""

import time
from datetime import timedelta
from typing import Any

import structlog

from kgen.clock import database_now
from kgen.jobs.models import Job, JobState

log = structlog.get_logger(__name__)

# A worker that lives renews it with every note of progress.
LEASE = timedelta(seconds=15)
NOTE_SECONDS = 0.5


class LeaseLost(Exception):
    """Not a fault: the job was cancelled, or somebody else has taken it since."""


class Progress:
    """What a worker writes of a job while it has the lease: how far it is, at least every half second."""

    def __init__(self, job: Job, operator: Any, ends: float) -> None:
        self.job, self.operator, self.ends = job, operator, ends
        self.done = job.done
        self.noted_at = time.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether the slice is."""
        return time.monotonic() >= self.ends

    def add(self, count: int) -> None:
        """So much more is done.

        :raises LeaseLost: the job is no longer this worker's.
        """
        self.done += count
        if time.monotonic() - self.noted_at >= NOTE_SECONDS:
            self.note()

    def note(self, **values: Any) -> None:
        """Write how far it is, and renew the lease.

        :raises LeaseLost: the job is no longer this worker's.
        """
        write(self.job, **{"done": self.done, "stalls": 0, "due_at": database_now() + LEASE} | values)
        self.noted_at = time.monotonic()


def write(job: Job, **values: Any) -> None:
    """Write to a job under this worker's lease.

    :raises LeaseLost: it is no longer this worker's.
    """
    mine = Job.objects.filter(pk=job.pk, fence=job.fence, state=JobState.RUNNING)
    if mine.update(**values) != 1:
        raise LeaseLost()


def finish(job: Job, state: JobState, outcome: dict[str, Any], **values: Any) -> None:
    """End a job under this worker's lease.

    :raises LeaseLost: it is no longer this worker's.
    """
    write(job, state=state, outcome=outcome, finished_at=database_now(), due_at=None, **values)
    log.info("job ended", job=str(job.pk), kind=job.kind, state=state.value)

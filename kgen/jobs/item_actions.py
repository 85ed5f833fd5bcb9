"""The acts of a job, one journey each. Act and mark are one transaction, so that nothing happens twice."""

from dataclasses import dataclass

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError, connection

from kgen.errors import DomainError
from kgen.jobs import operators, registry
from kgen.jobs.leases import LeaseLost, Progress, finish
from kgen.jobs.models import ItemState, Job, JobItem, JobState
from kgen.jobs.selectors import pending_items, summary_of
from kgen.transactions import transactional

log = structlog.get_logger(__name__)

ITEMS_AT_ONCE = 100


class AlreadyHandled(Exception):
    """Not a fault: the act was done or refused before."""


@dataclass
class ItemOnce:
    """Makes an act happen once: what `once` is to `kgen.transactions.transactional`."""

    job: Job
    item: JobItem

    def begin(self) -> None:
        """Make sure that the job still runs, is this worker's, and has this act before it.

        The job's row is shared until COMMIT: neither a cancel nor another worker's claim comes in between.

        :raises LeaseLost: cancelled, or taken by another worker.
        :raises Settled: the act is behind it.
        """
        with connection.cursor() as cursor:
            cursor.execute(_SHARE, [self.job.pk, self.job.fence, JobState.RUNNING])
            if cursor.fetchone() is None:
                raise LeaseLost()
        mark = JobItem.objects.filter(pk=self.item.pk, state=ItemState.PENDING)
        if not mark.update(state=ItemState.DONE):
            raise AlreadyHandled()

    def finish(self, result: object) -> None:
        """Nothing is left to write: the mark was set first, and holds if the act's transaction does."""


def work(progress: Progress) -> bool:
    """Do acts until the slice or the job is over; whether the job is."""
    job = progress.job
    kind = registry.act_kind(job.kind)
    progress.done = (job.total or 0) - job.items.filter(state=ItemState.PENDING).count()
    progress.note()
    while items := pending_items(job, ITEMS_AT_ONCE):
        for item in items:
            _act(kind, progress, item)
            progress.add(1)
            if progress.is_over:
                return False
    finish(job, JobState.DONE, summary_of(job), done=progress.done)
    return True


def _act(kind: registry.ActionKind, progress: Progress, item: JobItem) -> None:
    job = progress.job
    try:
        _call(kind, progress, item)
    except AlreadyHandled:
        log.info("act was settled before", job=str(job.pk), item=item.number)
    except DomainError as refusal:
        _refuse(ticket=ItemOnce(job, item), why=refusal.detail)
    except (LeaseLost, OperationalError, InterfaceError, SoftTimeLimitExceeded):
        raise
    except Exception:
        # One bad row must not keep the others from their turn.
        log.exception("act failed", job=str(job.pk), item=item.number)
        _refuse(ticket=ItemOnce(job, item), why="An internal error, which is in the log. Nothing was done.")


def _call(kind: registry.ActionKind, progress: Progress, item: JobItem) -> None:
    job, operator = progress.job, progress.operator
    subject = kind.find(item.subject, operators.clients_of_job(job, operator))
    turn = registry.ItemCall(subject, job.operator_id, job.reason, job.parameters)
    with operators.acting(job, operator, kind.trace, subject):
        kind.act(turn)(once=ItemOnce(job, item))


@transactional
def _refuse(*, ticket: ItemOnce, why: str) -> None:
    """Keep why an act was refused, unless it is no longer this worker's to say."""
    ticket.begin()
    JobItem.objects.filter(pk=ticket.item.pk).update(state=ItemState.REFUSED, detail=why[:500])


# Held until COMMIT. Django knows no FOR SHARE.
_SHARE = "SELECT 1 FROM kgen_job WHERE id = %s AND fence = %s AND state = %s FOR SHARE"

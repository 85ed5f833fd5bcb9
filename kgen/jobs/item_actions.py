"""Runs a job's action on its items, one service call each. One transaction runs the call and marks the item."""

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
    """Not a fault: the item was done or refused before."""


@dataclass
class ItemOnce:
    """Makes the action on an item happen once: the `once` of `kgen.transactions.transactional`."""

    job: Job
    item: JobItem

    def begin(self) -> None:
        """Check that the job is running and this worker's, and mark the item as done.

        Locks the job's row FOR SHARE until COMMIT: a cancel or another worker's claim waits for the action.

        :raises LeaseLost: the job was cancelled, or another worker has it.
        :raises AlreadyHandled: the item was done or refused before.
        """
        with connection.cursor() as cursor:
            cursor.execute(_SHARE, [self.job.pk, self.job.fence, JobState.RUNNING])
            if cursor.fetchone() is None:
                raise LeaseLost()
        mark = JobItem.objects.filter(pk=self.item.pk, state=ItemState.PENDING)
        if not mark.update(state=ItemState.DONE):
            raise AlreadyHandled()

    def finish(self, result: object) -> None:
        """Write nothing: `begin` set the mark, in the same transaction."""


def work(progress: Progress) -> bool:
    """Handle items until the slice or the job ends; returns whether the job has ended.

    :raises LeaseLost: the job is no longer this worker's.
    """
    job = progress.job
    kind = registry.act_kind(job.kind)
    progress.done = (job.total or 0) - job.items.filter(state=ItemState.PENDING).count()
    progress.note()
    while items := pending_items(job, ITEMS_AT_ONCE):
        for item in items:
            _handle(kind, progress, item)
            progress.add(1)
            if progress.is_over:
                return False
    finish(job, JobState.DONE, summary_of(job), done=progress.done)
    return True


def _handle(kind: registry.ActionKind, progress: Progress, item: JobItem) -> None:
    job = progress.job
    try:
        _call(kind, progress, item)
    except AlreadyHandled:
        log.info("job item was handled before", job=str(job.pk), item=item.number)
    except DomainError as refusal:
        _refuse(mark=ItemOnce(job, item), detail=refusal.detail)
    except (LeaseLost, OperationalError, InterfaceError, SoftTimeLimitExceeded):
        raise
    except Exception:
        # One bad item must not stop the others.
        log.exception("job item failed", job=str(job.pk), item=item.number)
        _refuse(mark=ItemOnce(job, item), detail="An internal error; see the log. Nothing was done.")


def _call(kind: registry.ActionKind, progress: Progress, item: JobItem) -> None:
    job, operator = progress.job, progress.operator
    subject = kind.find(item.subject, operators.clients_of_job(job, operator))
    call = registry.ItemCall(subject, job.operator_id, job.reason, job.parameters)
    with operators.acting(job, operator, kind.trace, subject):
        kind.prepare(call)(once=ItemOnce(job, item))


@transactional
def _refuse(*, mark: ItemOnce, detail: str) -> None:
    """Mark an item as refused, with the reason.

    :raises LeaseLost: the job is no longer this worker's.
    :raises AlreadyHandled: the item was done or refused before.
    """
    mark.begin()
    JobItem.objects.filter(pk=mark.item.pk).update(state=ItemState.REFUSED, detail=detail[:500])


# Raw SQL, because Django's ORM has no FOR SHARE.
_SHARE = "SELECT 1 FROM kgen_job WHERE id = %s AND fence = %s AND state = %s FOR SHARE"

"""The duties of the floor."""

from celery import shared_task

from kgen import services
from kgen.admin_site.guards import forget_old_tries
from kgen.duties import duty
from kgen.health import SWEEP
from kgen.jobs.running import run_due
from kgen.jobs.services import forget_leftovers
from kgen.webhooks.services import deliver_due


@shared_task
def beat() -> None:
    """Note the heartbeat of beat and a worker."""
    services.note_heartbeat(name=SWEEP)


@shared_task
def forget_keys() -> None:
    """Remove expired answers of idempotency keys."""
    services.forget_idempotency_keys()


@shared_task
def forget_logins() -> None:
    """Remove failed logins that no longer count, and ended sessions of the console."""
    forget_old_tries()


@shared_task
@duty("webhooks")
def deliver_webhooks() -> None:
    """Deliver due events to their endpoints."""
    deliver_due()


@shared_task
def run_jobs() -> None:
    """Work on operators' jobs for one slice."""
    run_due()


@shared_task
def forget_jobs() -> None:
    """Remove files and items of jobs that are no longer kept."""
    forget_leftovers()

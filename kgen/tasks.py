"""The floor's own duties."""

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
    """Say that beat and a worker live."""
    services.note_heartbeat(name=SWEEP)


@shared_task
def forget_keys() -> None:
    """Remove answers whose time is over."""
    services.forget_idempotency_keys()


@shared_task
def forget_logins() -> None:
    """Remove failed logins that no longer count, and sessions of the console that are over."""
    forget_old_tries()


@shared_task
@duty("webhooks")
def deliver_webhooks() -> None:
    """Bring due events to their endpoints."""
    deliver_due()


@shared_task
def run_jobs() -> None:
    """Work on operators' jobs for the length of a slice."""
    run_due()


@shared_task
def forget_jobs() -> None:
    """Remove files and items of jobs that are kept no longer."""
    forget_leftovers()

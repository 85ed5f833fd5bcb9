"""The floor's own duties."""

from celery import shared_task

from kgen import services
from kgen.duties import duty
from kgen.webhooks.services import deliver_due


@shared_task
def beat() -> None:
    """Say that beat and a worker live."""
    services.note_heartbeat(name="sweep")


@shared_task
def forget_keys() -> None:
    """Remove answers whose time is over."""
    services.forget_idempotency_keys()


@shared_task
@duty("webhooks")
def deliver_webhooks() -> None:
    """Bring due events to their endpoints."""
    deliver_due()

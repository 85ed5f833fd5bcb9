"""Celery tasks: hints that run this app's duties soon. The duties themselves are rows."""

from celery import shared_task

from kgen.duties import duty
from users import services


@shared_task
def expire_sessions() -> None:
    """Mark expired sessions as ended."""
    services.expire_sessions()


@shared_task
@duty("codes")
def send_codes() -> None:
    """Send the codes that are due."""
    services.send_due_messages()


@shared_task
def forget_codes() -> None:
    """Remove codes and counters that no limit counts any longer."""
    services.forget_codes()


@shared_task
def forget_store_codes() -> None:
    """Remove expired store codes."""
    services.forget_store_codes()


@shared_task
def forget_tracked_events() -> None:
    """Remove tracked events that are too old."""
    services.forget_tracked_events()

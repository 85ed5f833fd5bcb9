"""Hints that make the duties of this app soon; the duties themselves are rows."""

from celery import shared_task

from kgen.duties import duty
from users import services


@shared_task
def expire_sessions() -> None:
    """Mark sessions that are over as ended."""
    services.expire_sessions()


@shared_task
@duty("codes")
def send_codes() -> None:
    """Send the codes that are due."""
    services.send_due_messages()


@shared_task
def forget_codes() -> None:
    """Remove codes and counters whose time is over."""
    services.forget_codes()

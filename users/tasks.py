"""Hints that make the duties of this app soon; the duties themselves are rows."""

from celery import shared_task

from users import services


@shared_task
def expire_sessions() -> None:
    """Mark sessions that are over as ended."""
    services.expire_sessions()

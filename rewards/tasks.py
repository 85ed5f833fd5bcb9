"""Hints that make the duties of this app soon; the duties themselves are rows."""

from celery import shared_task

from rewards.services import claiming, settling


@shared_task(soft_time_limit=600, time_limit=660)
def settle_tournaments() -> None:
    """Settle what has ended."""
    settling.settle_due()


@shared_task
def expire_rewards() -> None:
    """Give rewards that nobody claimed in time to the house."""
    claiming.expire_rewards()

"""Hints that make this app's duties run soon; the duties themselves are rows."""

from celery import shared_task

from rewards.services import claiming, settling


@shared_task(soft_time_limit=600, time_limit=660)
def settle_tournaments() -> None:
    """Settle the tournaments that are due."""
    settling.settle_due()


@shared_task
def expire_rewards() -> None:
    """Give rewards that were not claimed in time to the house."""
    claiming.expire_rewards()

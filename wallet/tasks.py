"""Hints that make the duties of this app soon; the duties themselves are rows."""

from celery import shared_task

from kgen.duties import duty
from wallet.services import paying


@shared_task
@duty("payouts")
def pay_withdrawals() -> None:
    """Send what is owed, and ask what became of what was sent."""
    paying.pay_due()

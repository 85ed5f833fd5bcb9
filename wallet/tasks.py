"""Hints that make the duties of this app soon; the duties themselves are rows."""

from celery import shared_task

from kgen.duties import duty
from wallet.services import paying, totalling


@shared_task
@duty("payouts")
def pay_withdrawals() -> None:
    """Send what is owed, and ask what became of what was sent."""
    paying.pay_due()


@shared_task
def total_postings() -> None:
    """Bring the running totals of the ledger forward."""
    totalling.total_postings()

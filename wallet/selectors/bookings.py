"""The transaction that a reference names."""

from dataclasses import dataclass
from uuid import UUID

from wallet.models import Posting, Transaction


@dataclass(frozen=True)
class Booking:
    """A transaction, and its postings as (kind of the source, kind of the destination, amount)."""

    transaction_id: UUID
    postings: list[tuple[str, str, int]]


def booking_of(reference: str) -> Booking | None:
    """The transaction under a reference, with its postings in order; None if nothing is booked under it."""
    found = Transaction.objects.filter(reference=reference).values_list("pk", flat=True).first()
    if found is None:
        return None
    rows = Posting.objects.filter(transaction=found).order_by("id")
    return Booking(found, list(rows.values_list("source__kind", "destination__kind", "amount")))

"""What a reference has booked."""

from dataclasses import dataclass
from uuid import UUID

from wallet.models import Posting, Transaction


@dataclass(frozen=True)
class Booking:
    """A transaction, and its postings as (kind of the source, kind of the destination, amount)."""

    transaction_id: UUID
    postings: list[tuple[str, str, int]]


def booking_of(reference: str) -> Booking | None:
    """What a reference has booked, in the order of its postings; None where it has booked nothing."""
    found = Transaction.objects.filter(reference=reference).values_list("pk", flat=True).first()
    if found is None:
        return None
    rows = Posting.objects.filter(transaction=found).order_by("id")
    return Booking(found, list(rows.values_list("source__kind", "destination__kind", "amount")))

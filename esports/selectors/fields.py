"""Questions about a field as a whole: what would go back, and how many of it hold a rank."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q, Sum

from esports.models import Participation, Tournament
from esports.selectors.tournaments import stakes_to_refund

# How many of a client's settled tournaments tell how many of a field usually post a score, and how large these may be.
LOOKED_BACK = 10
LARGEST = 5_000


@dataclass(frozen=True)
class Refunds:
    """The stakes of a field: those that are still to go back, and those that went back already."""

    to_go: int
    amount: int
    gone: int

    @property
    def total(self) -> int:
        """All stakes that go back in the end."""
        return self.to_go + self.gone


def refunds_of(tournament_id: UUID) -> Refunds:
    """What a cancellation would give back, or has still to."""
    due = stakes_to_refund(tournament_id).aggregate(count=Count("pk"), amount=Sum("stake"))
    gone = Participation.objects.filter(tournament=tournament_id, left_at=None, refunded_at__isnull=False).count()
    return Refunds(due["count"], int(due["amount"] or 0), gone)


def ranked_of(tournament_id: UUID) -> int:
    """How many hold a rank at present."""
    return Participation.objects.filter(tournament=tournament_id, rank_key__isnull=False).count()


def usual_scoring_percent(client_id: UUID) -> int:
    """How many per cent of a field post a score, by the client's newest settled tournaments; 100 without any."""
    newest = Tournament.objects.filter(client=client_id, settled_at__isnull=False, seats__taken__lte=LARGEST)
    ids = list(newest.order_by("-created_at", "-id").values_list("pk", flat=True)[:LOOKED_BACK])
    live = Q(left_at=None)
    counts = Participation.objects.filter(tournament__in=ids).aggregate(
        field=Count("pk", filter=live), ranked=Count("pk", filter=live & Q(rank_key__isnull=False))
    )
    return max(1, counts["ranked"] * 100 // counts["field"]) if counts["field"] else 100

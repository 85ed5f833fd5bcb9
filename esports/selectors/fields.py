"""Sums over a tournament's field: the stakes to refund, and the gamers who have a rank."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q, Sum

from esports.models import Participation, Tournament, live
from esports.selectors.tournaments import stakes_to_refund

# The share of a field that posts a score is estimated from this many settled tournaments, of at most this size.
LOOKED_BACK = 10
LARGEST = 5_000


@dataclass(frozen=True)
class Refunds:
    """The stakes of a field: the number and sum that are still to refund, and the number that are refunded."""

    to_go: int
    amount: int
    gone: int

    @property
    def total(self) -> int:
        """The number of stakes that are refunded in the end."""
        return self.to_go + self.gone


def refunds_of(tournament_id: UUID) -> Refunds:
    """The refunds that a cancellation makes, or has still to make."""
    due = stakes_to_refund(tournament_id).aggregate(count=Count("pk"), amount=Sum("stake"))
    gone = Participation.objects.filter(live(), tournament=tournament_id, refunded_at__isnull=False).count()
    return Refunds(due["count"], int(due["amount"] or 0), gone)


def ranked_of(tournament_id: UUID) -> int:
    """The number of gamers with a rank."""
    return Participation.objects.filter(tournament=tournament_id, rank_key__isnull=False).count()


def usual_scoring_percent(client_id: UUID) -> int:
    """The percentage of a field that posts a score, by the client's newest settled tournaments; 100 without any."""
    newest = Tournament.objects.filter(client=client_id, settled_at__isnull=False, seats__taken__lte=LARGEST)
    ids = list(newest.order_by("-created_at", "-id").values_list("pk", flat=True)[:LOOKED_BACK])
    counts = Participation.objects.filter(tournament__in=ids).aggregate(
        field=Count("pk", filter=live()), ranked=Count("pk", filter=live() & Q(rank_key__isnull=False))
    )
    return max(1, counts["ranked"] * 100 // counts["field"]) if counts["field"] else 100

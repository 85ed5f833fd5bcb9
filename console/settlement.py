"""A tournament's settlement: what would be booked, what was booked, and its verification."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect

from esports.selectors.standings import count_scores
from esports.selectors.tournaments import TournamentAt, read_tournament
from kgen.admin_site.actions import ConsoleAction, operator_id
from kgen.admin_site.pages import ConsolePage, address, does, page
from kgen.admin_site.scope import may_touch
from kgen.api.request_id import request_id_of
from kgen.jobs.models import Job
from kgen.jobs.pages import MAY_SEE
from kgen.jobs.services import request_acts
from kgen.models import AuditEntry
from rewards.models import Settlement
from rewards.selectors import prize_page, settlement_of, settlement_preview, settlement_sums
from rewards.services.verifying import verify_settlement
from users.selectors import names_of
from wallet import references
from wallet.selectors import system_balance
from wallet.selectors.bookings import booking_of

LINES = 50
# A request lists and recomputes everything only within these limits; larger fields are verified by a job.
QUICK_FIELD, QUICK_SCORES = 50_000, 200_000
VERIFIED = "settlement.verify"


@page
class SettlementPage(ConsolePage):
    """A tournament's settlement: its preview, then its record with the hash, the postings and every prize."""

    route = "play/tournaments/<uuid:pk>/settlement/"
    name = "tournament_settlement"
    title = "Settlement"
    permission = "rewards.view_settlement"
    template_name = "console/settlement.html"

    VERIFY = ConsoleAction(VERIFIED, "rewards.view_settlement", needs_reason=False)
    VERIFY_LATER = ConsoleAction("settlement.verify_later", "rewards.view_settlement", needs_reason=False)

    def data(self, **kwargs: Any) -> dict[str, Any]:
        found = self.current(kwargs["pk"])
        shared = {"current": found, "tab": "settlement", "title": f"Settlement of {found.tournament.title}"}
        record = settlement_of(found.tournament.pk)
        return shared | (self.recorded(found, record) if record else self.foreseen(found))

    def current(self, pk: UUID) -> TournamentAt:
        """The tournament with the database's clock.

        :raises Http404: there is none, or it is of a client outside the operator's limit.
        """
        found = read_tournament(pk)
        if found is None or not may_touch(self.request.user, found.tournament.client_id):
            raise Http404
        return found

    def foreseen(self, found: TournamentAt) -> dict[str, Any]:
        """What settling now would book; None where all stakes are back."""
        row = found.tournament
        if row.refunded_at is not None:
            return {"preview": None}
        preview = settlement_preview(found) if row.seats.taken <= QUICK_FIELD else settlement_sums(found)
        results = preview.results
        places = results.ranking[:LINES] if results else []
        names = names_of(place.gamer_id for place in places)
        return {
            "preview": preview,
            "places": [(place, *names[place.gamer_id]) for place in places],
            "fingerprint": results.fingerprint() if results else "",
            "in_escrow": system_balance(row.escrow_id),
            "total": sum(amount for _, _, amount in preview.postings),
        }

    def recorded(self, found: TournamentAt, record: Settlement) -> dict[str, Any]:
        """What was booked."""
        cursor = self.request.GET.get("cursor")
        booking = booking_of(references.settlement(record.pk))
        return {
            "record": record,
            "booking": booking,
            "total": sum(amount for _, _, amount in booking.postings) if booking else 0,
            "prizes": prize_page(record.pk, cursor=cursor, limit=LINES),
            "is_first": not cursor,
            "verified": AuditEntry.objects.filter(object_id=str(record.pk), act=VERIFIED).order_by("-id").first(),
        }

    def breadcrumbs(self, **kwargs: Any) -> list[tuple[str, str]]:
        tournament = self.current(kwargs["pk"]).tournament
        return [
            ("Tournaments", address("esports_tournament_changelist")),
            (tournament.title, address("tournament_page", pk=tournament.pk)),
        ]

    @does(VERIFY)
    def verify(self, *, pk: UUID) -> HttpResponse | None:
        """Recompute the record from the score events: at once, or by a job for a large field.

        :raises Http404: the tournament is not settled.
        """
        record = settlement_of(self.current(pk).tournament.pk)
        if record is None:
            raise Http404
        if not is_quick(record):
            return self.verify_later(record)
        self.run(
            self.VERIFY,
            lambda: verify_settlement(tournament_id=record.pk),
            subject=record,
            done=f"It holds: {record.ranked:,} ranks, {record.prizes:,} in prizes and the hash were recomputed "
            "from the score events, and nothing differs.",
        )
        return None

    def verify_later(self, record: Settlement) -> HttpResponse | None:
        """Ask for the job that verifies."""
        made = self.run(
            self.VERIFY_LATER,
            lambda: request_acts(
                operator_id=operator_id(self.request),
                kind="settlements.verify",
                subjects=[record.pk],
                reason="verification",
                request_id=request_id_of(self.request),
            ),
            subject=lambda job: job,
            done="So large a field is verified in the background.",
        )
        may_follow = isinstance(made, Job) and self.request.user.has_perm(MAY_SEE)
        return HttpResponseRedirect(address("job", pk=made.pk)) if may_follow else None


def is_quick(record: Settlement) -> bool:
    """Whether a request may recompute it."""
    if record.inputs["field_size"] > QUICK_FIELD:
        return False
    return count_scores(record.pk, QUICK_SCORES + 1) <= QUICK_SCORES

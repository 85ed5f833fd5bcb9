"""The page of one withdrawal: the facts that decide, what happened, and the decisions."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404

from console.evidence import evidence_for
from console.withdrawals.queue import MAY_SEE, WithdrawalsPage
from kgen import audit
from kgen.admin_site.actions import ConsoleAction, operator_id
from kgen.admin_site.names import operator_names
from kgen.admin_site.pages import ConsolePage, address, does, page
from kgen.admin_site.scope import clients_of
from kgen.clock import database_now
from kgen.jobs.csv_cells import masked
from kgen.models import AuditEntry
from wallet.admin.actions import APPROVE, ASK_AGAIN, MAY_DECIDE, MAY_REVIEW, REJECT
from wallet.models import State
from wallet.selectors import queue
from wallet.selectors.rails import paused_rails
from wallet.services import returning, reviewing

RESOLVE_PAID = ConsoleAction("withdrawal.resolve_paid", MAY_REVIEW)
RESOLVE_FAILED = ConsoleAction("withdrawal.resolve_failed", MAY_REVIEW)
CLEAR = ConsoleAction("withdrawal.clear_mark", MAY_REVIEW)
ASK_RETURN = ConsoleAction("withdrawal.ask_return", MAY_REVIEW)
CANCEL_RETURN = ConsoleAction("withdrawal.cancel_return", MAY_REVIEW)
CONFIRM_RETURN = ConsoleAction("withdrawal.confirm_return", MAY_DECIDE)
REFUSE_RETURN = ConsoleAction("withdrawal.refuse_return", MAY_DECIDE)
SHOW = ConsoleAction("destination.see", "users.see_phone", needs_reason=False)
# The timeline tells of these; who looked at the destination is in the trail only.
TOLD = "withdrawal."
ENTRIES_TOLD = 50


@dataclass(frozen=True)
class TimelineEvent:
    """Something that happened to a withdrawal."""

    at: datetime
    what: str
    by: str = ""
    why: str = ""


@page
class WithdrawalPage(ConsolePage):
    """One withdrawal: the facts that decide, the attempts, the postings and the timeline."""

    route, name, title = "money/withdrawals/<uuid:pk>/", "withdrawal", "Withdrawal"
    permission = MAY_SEE
    template_name = "console/withdrawal.html"

    def data(self, **kwargs: Any) -> dict[str, Any]:
        row, user = self._row(kwargs["pk"]), self.request.user
        attempts = queue.attempts_of(row)
        deciders = _deciders(row)
        names = operator_names([by for _, by in deciders])
        return {
            "row": row,
            "tab": queue.tab_of(row),
            "evidence": evidence_for([row], database_now())[0],
            "state_allows": queue.can_do(row),
            "may_decide": user.has_perm("wallet.approve_withdrawal"),
            "may_review": user.has_perm("wallet.review_withdrawal"),
            "asked_return": row.return_asked_by == user.pk,
            "asked_adjustment": bool(queue.wallets_asked_for([row.wallet_id], int(user.pk or 0))),
            "paused": paused_rails().get(row.rail),
            "destination": masked(row.destination),
            "wallet_address": masked(row.wallet.address),
            "attempts": attempts,
            "postings": queue.postings_of(row),
            "timeline": timeline_of(row),
            "decided": [(verb, names.get(by, f"operator {by}")) for verb, by in deciders if by],
        }

    def breadcrumbs(self, **kwargs: Any) -> list[tuple[str, str]]:
        return [(WithdrawalsPage.title, address("withdrawals"))]

    @does(SHOW)
    def show(self, pk: UUID) -> HttpResponse:
        """Show the destination in full, which leaves a trace."""
        found = self.data(pk=pk)
        row = found["row"]
        audit.record_view(operator=self.request.user, what="destination", subject=row, request=self.request)
        shown = {"destination": row.destination, "wallet_address": row.wallet.address, "in_full": True}
        return self.render(**found | shown)

    def _row(self, pk: UUID) -> Any:
        return get_object_or_404(queue.withdrawals_of_operator(clients_of(self.request.user)), pk=pk)


@page
class WithdrawalActionsPage(ConsolePage):
    """The address of the forms on one withdrawal. It shows nothing and leads back to the page `withdrawal`."""

    route, name, title = "money/withdrawals/<uuid:pk>/decide/", "withdrawal_act", "Withdrawal"
    permission = MAY_SEE

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return HttpResponseRedirect(address("withdrawal", **kwargs))

    @does(APPROVE)
    def approve(self, pk: UUID) -> HttpResponse:
        """Approve it."""
        return self._decide(APPROVE, pk, reviewing.approve_withdrawal, "Approved: it is sent as soon as the rail runs.")

    @does(REJECT)
    def reject(self, pk: UUID) -> HttpResponse:
        """Reject it."""
        return self._decide(REJECT, pk, reviewing.reject_withdrawal, "Rejected: the money is the gamer's again.")

    @does(ASK_AGAIN)
    def ask_again(self, pk: UUID) -> HttpResponse:
        """Ask the rail once more."""
        return self._do(ASK_AGAIN, pk, partial(reviewing.ask_again, withdrawal_id=pk), "The rail is asked again.")

    @does(RESOLVE_PAID)
    def resolve_paid(self, pk: UUID) -> HttpResponse:
        """End a review: the rail's own books show the payment."""
        return self._resolve(RESOLVE_PAID, pk, paid=True, done="The review is over: PAID.")

    @does(RESOLVE_FAILED)
    def resolve_failed(self, pk: UUID) -> HttpResponse:
        """End a review: the rail has not paid and never will."""
        return self._resolve(RESOLVE_FAILED, pk, paid=False, done="The review is over: the money is the gamer's again.")

    @does(CLEAR)
    def clear(self, pk: UUID) -> HttpResponse:
        """Take the mark off a settled withdrawal."""
        return self._decide(CLEAR, pk, reviewing.clear_mark, "The mark is cleared. No money has moved.")

    @does(ASK_RETURN)
    def ask_return(self, pk: UUID) -> HttpResponse:
        """Ask to mark a payout as returned."""
        done = "Asked for. Nothing moves before another operator confirms it."
        return self._decide(ASK_RETURN, pk, returning.ask_return, done)

    @does(CANCEL_RETURN)
    def cancel_return(self, pk: UUID) -> HttpResponse:
        """Cancel the operator's own request."""
        return self._decide(CANCEL_RETURN, pk, returning.cancel_return, "Your request is withdrawn.")

    @does(CONFIRM_RETURN)
    def confirm_return(self, pk: UUID) -> HttpResponse:
        """Confirm another operator's request: the money goes back."""
        done = "Returned: the money is the gamer's again."
        return self._decide(CONFIRM_RETURN, pk, returning.confirm_return, done)

    @does(REFUSE_RETURN)
    def refuse_return(self, pk: UUID) -> HttpResponse:
        """Refuse another operator's request."""
        return self._decide(REFUSE_RETURN, pk, returning.refuse_return, "Refused: it stays paid. No money has moved.")

    def _decide(self, what: ConsoleAction, pk: UUID, service: Callable[..., None], done: str) -> HttpResponse:
        call = partial(service, withdrawal_id=pk, operator_id=operator_id(self.request), reason=self.reason)
        return self._do(what, pk, call, done)

    def _resolve(self, what: ConsoleAction, pk: UUID, *, paid: bool, done: str) -> HttpResponse:
        call = partial(
            reviewing.resolve_review,
            withdrawal_id=pk,
            operator_id=operator_id(self.request),
            paid=paid,
            reason=self.reason,
            rail_reference=self.request.POST.get("rail_reference", ""),
        )
        return self._do(what, pk, call, done)

    def _do(self, what: ConsoleAction, pk: UUID, call: Callable[[], None], done: str) -> HttpResponse:
        row = get_object_or_404(queue.withdrawals_of_operator(clients_of(self.request.user)), pk=pk)
        self.run(what, call, subject=row, done=done)
        return self.back(address("withdrawal", pk=pk))


def timeline_of(row: Any) -> list[TimelineEvent]:
    """What happened to a withdrawal, in order: its request, what operators did, and its end."""
    entries = AuditEntry.objects.filter(object_id=str(row.pk), act__startswith=TOLD).order_by("-id")[:ENTRIES_TOLD]
    found = [TimelineEvent(row.created_at, "asked for by the gamer")]
    found += [TimelineEvent(entry.at, _in_words(entry.act), entry.operator_name, entry.reason) for entry in entries]
    if row.settled_at:
        end = "failed" if row.state == State.FAILED else "paid"
        found.append(TimelineEvent(row.settled_at, end))
    if row.returned_at:
        found.append(TimelineEvent(row.returned_at, "returned"))
    return sorted(found, key=lambda moment: moment.at)


def _in_words(act: str) -> str:
    return act.removeprefix(TOLD).replace("_", " ")


def _deciders(row: Any) -> list[tuple[str, int | None]]:
    """(verb, operator) of each decision that the row records, also of decisions made outside the console."""
    return [
        ("approved", row.approved_by),
        ("rejected", row.rejected_by),
        ("ended its review", row.resolved_by),
        ("cleared its mark", row.cleared_by),
        ("asked to mark it returned", row.return_asked_by),
        ("confirmed its return", row.returned_by),
    ]

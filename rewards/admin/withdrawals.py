"""The withdrawals queue and the page of one. What is done here is sent to the wallet's pages (wallet.admin.queue)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from kgen import audit
from kgen.admin_site.actions import ConsoleAction
from kgen.admin_site.navigation import Nav
from kgen.admin_site.pages import ConsolePage, address, does, page
from kgen.admin_site.paging import page_at
from kgen.admin_site.scope import clients_of
from kgen.clock import database_now
from kgen.jobs.csv_cells import masked
from kgen.models import AuditEntry
from rewards.admin.evidence import evidence_for
from users.selectors.operators import operator_names
from wallet.selectors import queue
from wallet.selectors.rails import paused_rails

MAY_SEE = "wallet.view_withdrawal"
SHOW = ConsoleAction("destination.see", "users.see_phone", needs_reason=False)
# Acts on one withdrawal that its timeline tells of; who looked at its destination is the trail's business.
TOLD = "withdrawal."
ENTRIES_TOLD = 50


@page
class WithdrawalsPage(ConsolePage):
    """Withdrawals by what is to be done, each beside the facts that decide."""

    route, name, title = "money/withdrawals/", "withdrawals", "Withdrawals"
    permission = MAY_SEE
    template_name = "console/withdrawals.html"
    nav = Nav("Money", "Withdrawals", "payments", 10)

    def data(self, **kwargs: Any) -> dict[str, Any]:
        clients, now = clients_of(self.request.user), database_now()
        tab = queue.tab_named(self.request.GET.get("tab", ""))
        found = page_at(lambda cursor: queue.queue_page(tab, clients, cursor), self.request.GET.get("after"))
        counts = [(count, now - count.oldest if count.oldest else None) for count in queue.queue_counts(clients)]
        next_query = urlencode({"tab": tab.name, "after": found.next_cursor}) if found.next_cursor else ""
        return {
            "tab": tab,
            "counts": counts,
            "rows": evidence_for(found.rows, now),
            "paused": paused_rails(),
            "next_query": next_query,
            "is_first": "after" not in self.request.GET,
            "may_decide": tab.name == "approval" and self.request.user.has_perm("wallet.approve_withdrawal"),
        }


@dataclass(frozen=True)
class TimelineEvent:
    """Something that happened to a withdrawal."""

    at: datetime
    what: str
    by: str = ""
    why: str = ""


@page
class WithdrawalPage(ConsolePage):
    """One withdrawal: what decides, what was said to the rail, what was booked, who did what."""

    route, name, title = "money/withdrawals/<uuid:pk>/", "withdrawal", "Withdrawal"
    permission = MAY_SEE
    template_name = "console/withdrawal.html"

    def data(self, **kwargs: Any) -> dict[str, Any]:
        row, user = self._row(kwargs["pk"]), self.request.user
        attempts = queue.attempts_of(row)
        names = operator_names([row.approved_by, row.rejected_by, row.resolved_by, row.cleared_by])
        return {
            "row": row,
            "tab": queue.tab_of(row),
            "evidence": evidence_for([row], database_now())[0],
            "state_allows": queue.can_do(row),
            "may_decide": user.has_perm("wallet.approve_withdrawal"),
            "may_review": user.has_perm("wallet.review_withdrawal"),
            "asked_adjustment": bool(queue.wallets_asked_for([row.wallet_id], int(user.pk or 0))),
            "paused": paused_rails().get(row.rail),
            "destination": masked(row.destination),
            "wallet_address": masked(row.wallet.address),
            "attempts": attempts,
            "postings": queue.postings_of(row),
            "timeline": timeline_of(row),
            "decided": [(verb, names.get(by, f"operator {by}")) for verb, by in _deciders(row) if by],
        }

    def breadcrumbs(self, **kwargs: Any) -> list[tuple[str, str]]:
        return [(WithdrawalsPage.title, address("withdrawals"))]

    @does(SHOW)
    def show(self, pk: UUID) -> HttpResponse:
        """Show the destination in full, with a trace."""
        found = self.data(pk=pk)
        row = found["row"]
        audit.record_view(operator=self.request.user, what="destination", subject=row, request=self.request)
        shown = {"destination": row.destination, "wallet_address": row.wallet.address, "in_full": True}
        return self.render(**found | shown)

    def _row(self, pk: UUID) -> Any:
        return get_object_or_404(queue.withdrawals_of_operator(clients_of(self.request.user)), pk=pk)


def timeline_of(row: Any) -> list[TimelineEvent]:
    """What happened to a withdrawal, in order: its request, what operators did, and its end."""
    entries = AuditEntry.objects.filter(object_id=str(row.pk), act__startswith=TOLD).order_by("-id")[:ENTRIES_TOLD]
    found = [TimelineEvent(row.created_at, "asked for by the gamer")]
    found += [TimelineEvent(entry.at, _in_words(entry.act), entry.operator_name, entry.reason) for entry in entries]
    if row.settled_at:
        found.append(TimelineEvent(row.settled_at, row.get_state_display().lower()))
    return sorted(found, key=lambda moment: moment.at)


def _in_words(act: str) -> str:
    return act.removeprefix(TOLD).replace("_", " ")


def _deciders(row: Any) -> list[tuple[str, int | None]]:
    """Who decided it, as the row itself keeps it: also where no operator's page was used."""
    return [
        ("approved", row.approved_by),
        ("rejected", row.rejected_by),
        ("ended its review", row.resolved_by),
        ("cleared its mark", row.cleared_by),
    ]

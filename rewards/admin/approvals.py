"""Approvals: what waits for me, what I asked for, what was decided."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest

from kgen.clock import database_now
from kgen.console.navigation import Nav
from kgen.console.pages import ConsolePage, page
from kgen.console.scope import clients_of, scoped
from kgen.models import AuditEntry
from rewards.admin.evidence import Evidence, evidence_for
from users.selectors.holders import holders_of
from users.selectors.operators import operator_names
from wallet.selectors.adjustments import adjustments_asked_by, count_open_adjustments, open_adjustments
from wallet.selectors.queue import count_to_approve, wallets_asked_for, withdrawals_to_approve

LISTED = 50
COUNTED_TO = 99
TABS = (("open", "Open"), ("mine", "Mine"), ("history", "History"))
# What was decided, in the words of the trail, and who may see that.
DECISIONS = {
    "wallet.view_adjustment": ("adjustment.approve", "adjustment.reject", "adjustment.cancel"),
    "wallet.view_withdrawal": ("withdrawal.approve", "withdrawal.reject"),
}
# Which page shows the row that an entry is about.
PAGES = {"wallet.adjustment": "admin:adjustment", "wallet.withdrawal": "admin:withdrawal"}


def waiting(request: HttpRequest) -> str:
    """How much waits for this operator's decision, for the sidebar; nothing where nothing does, or none is theirs."""
    user: Any = request.user
    clients, count = clients_of(user), 0
    if user.has_perm("wallet.approve_adjustment"):
        count += count_open_adjustments(clients, but_of=user.pk, most=COUNTED_TO + 1)
    if user.has_perm("wallet.approve_withdrawal"):
        count += count_to_approve(clients, COUNTED_TO + 1)
    return f"{COUNTED_TO}+" if count > COUNTED_TO else str(count or "")


@page
class ApprovalsPage(ConsolePage):
    """Adjustments and withdrawals that need a second person."""

    route, name, title = "oversight/approvals/", "approvals", "Approvals"
    permission = "kgen.see_approvals"
    template_name = "console/approvals.html"
    nav = Nav("Oversight", "Approvals", "approval", 10, badge=waiting)

    def data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET.get("show", "")
        shown = asked if asked in dict(TABS) else "open"
        found = {"open": self._open, "mine": self._mine, "history": self._history}[shown]()
        return {"tabs": TABS, "shown": shown, "listed": LISTED} | found

    def _open(self) -> dict[str, Any]:
        user: Any = self.request.user
        clients = clients_of(user)
        adjustments = open_adjustments(clients, LISTED) if user.has_perm("wallet.view_adjustment") else []
        withdrawals = withdrawals_to_approve(clients, LISTED) if user.has_perm("wallet.view_withdrawal") else []
        own = wallets_asked_for([row.wallet_id for row in withdrawals], user.pk)
        evidence: list[Evidence] = evidence_for(withdrawals, database_now())
        return {
            "adjustments": self._with_names(adjustments),
            "withdrawals": [(found, found.row.wallet_id in own) for found in evidence],
            "may_adjust": user.has_perm("wallet.approve_adjustment"),
            "may_pay": user.has_perm("wallet.approve_withdrawal"),
        }

    def _mine(self) -> dict[str, Any]:
        user: Any = self.request.user
        return {"adjustments": self._with_names(adjustments_asked_by(user.pk, clients_of(user), LISTED))}

    def _history(self) -> dict[str, Any]:
        """Newest first. Each act is read by its own stretch of the trail's index."""
        user: Any = self.request.user
        acts = [act for permission, acts in DECISIONS.items() if user.has_perm(permission) for act in acts]
        before = self.request.GET.get("before", "")
        rows = scoped(AuditEntry.objects.all(), user)
        if before.isascii() and before.isdigit() and len(before) < 19:
            rows = rows.filter(pk__lt=int(before))
        found = _newest(rows, acts)
        older = urlencode({"show": "history", "before": found[LISTED - 1].pk}) if len(found) > LISTED else ""
        entries = [(entry, PAGES.get(entry.object_type)) for entry in found[:LISTED]]
        return {"entries": entries, "older": older, "is_first": not before}

    def _with_names(self, rows: Sequence[Any]) -> list[dict[str, Any]]:
        holders = holders_of(row.wallet_id for row in rows) if rows else {}
        names = operator_names([id for row in rows for id in (row.requested_by, row.decided_by)])
        return [
            {
                "row": row,
                "holder": holders.get(row.wallet_id),
                "maker": names.get(row.requested_by, f"operator {row.requested_by}"),
                "checker": names.get(row.decided_by or 0, ""),
                "mine": row.requested_by == self.request.user.pk,
            }
            for row in rows
        ]


def _newest(rows: Any, acts: Sequence[str]) -> list[AuditEntry]:
    """The newest entries of any of the acts, one more than a page."""
    parts = [rows.filter(act=act).order_by("-pk")[: LISTED + 1] for act in acts]
    if not parts:
        return []
    return list(parts[0].union(*parts[1:], all=True).order_by("-pk")[: LISTED + 1])

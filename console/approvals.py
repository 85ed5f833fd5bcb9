"""Approvals: what waits for me, what I asked for, what was decided."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest

from console.evidence import Evidence, evidence_for
from kgen.admin_site.names import operator_names
from kgen.admin_site.navigation import Nav
from kgen.admin_site.pages import ConsolePage, page
from kgen.admin_site.paging import page_at
from kgen.admin_site.scope import clients_of, scoped
from kgen.api.pagination import Page
from kgen.clock import database_now
from kgen.models import AuditEntry
from users.selectors.holders import holders_of
from wallet.selectors.adjustments import asked_adjustment_page, count_open_adjustments, open_adjustment_page
from wallet.selectors.queue import (
    count_returns_to_confirm,
    count_to_approve,
    queue_page,
    tab_named,
    wallets_asked_for,
)

LISTED = 50
COUNTED_TO = 99
TABS = (("open", "Open"), ("mine", "Mine"), ("history", "History"))
# The trail's names of decisions, by the permission to see them.
DECISIONS = {
    "wallet.view_adjustment": ("adjustment.approve", "adjustment.reject", "adjustment.cancel"),
    "wallet.view_withdrawal": (
        *("withdrawal.approve", "withdrawal.reject"),
        *("withdrawal.confirm_return", "withdrawal.refuse_return", "withdrawal.cancel_return"),
    ),
}
# The page of the row that an entry is about.
PAGES = {"wallet.adjustment": "admin:adjustment", "wallet.withdrawal": "admin:withdrawal"}

# The parameters of the address that hold the cursors of a tab's lists.
CURSORS = ("adjustment", "withdrawal", "return")


@dataclass(frozen=True)
class ApprovalList:
    """A page of a list. `first` is the query of the first page (None on it), `following` that of the next (or "")."""

    rows: Sequence[Any]
    first: str | None
    following: str


NOTHING = ApprovalList((), None, "")


def waiting(request: HttpRequest) -> str:
    """How many decisions wait for this operator, for the sidebar; "" for none."""
    user: Any = request.user
    clients, count = clients_of(user), 0
    if user.has_perm("wallet.approve_adjustment"):
        count += count_open_adjustments(clients, but_of=user.pk, most=COUNTED_TO + 1)
    if user.has_perm("wallet.approve_withdrawal"):
        count += count_to_approve(clients, COUNTED_TO + 1)
        count += count_returns_to_confirm(clients, but_of=user.pk, most=COUNTED_TO + 1)
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
        return {"tabs": TABS, "shown": shown} | found

    def _open(self) -> dict[str, Any]:
        user: Any = self.request.user
        clients, adjustments, withdrawals, returns = clients_of(user), NOTHING, NOTHING, NOTHING
        if user.has_perm("wallet.view_adjustment"):
            adjustments = self._list("adjustment", lambda cursor: open_adjustment_page(clients, cursor))
        if user.has_perm("wallet.view_withdrawal"):
            approval, returning = tab_named("approval"), tab_named("returning")
            returns = self._list("return", lambda cursor: queue_page(returning, clients, cursor))
            withdrawals = self._list("withdrawal", lambda cursor: queue_page(approval, clients, cursor))
        own = wallets_asked_for([row.wallet_id for row in withdrawals.rows], user.pk)
        evidence: list[Evidence] = evidence_for(withdrawals.rows, database_now())
        return {
            "adjustments": self._with_names(adjustments.rows),
            "adjustment_paging": adjustments,
            "withdrawals": [(found, found.row.wallet_id in own) for found in evidence],
            "withdrawal_paging": withdrawals,
            "returns": self._returns(returns.rows),
            "return_paging": returns,
            "may_adjust": user.has_perm("wallet.approve_adjustment"),
            "may_pay": user.has_perm("wallet.approve_withdrawal"),
        }

    def _returns(self, rows: Sequence[Any]) -> list[dict[str, Any]]:
        names = operator_names(row.return_asked_by for row in rows)
        made = [(row, names.get(row.return_asked_by, f"operator {row.return_asked_by}")) for row in rows]
        return [
            {"row": row, "maker": maker, "mine": row.return_asked_by == self.request.user.pk} for row, maker in made
        ]

    def _mine(self) -> dict[str, Any]:
        user: Any = self.request.user
        clients = clients_of(user)
        found = self._list("adjustment", lambda cursor: asked_adjustment_page(user.pk, clients, cursor))
        return {"adjustments": self._with_names(found.rows), "adjustment_paging": found}

    def _list(self, name: str, read: Callable[[str | None], Page[Any]]) -> ApprovalList:
        """A page of the list whose cursor the address has under `name`. Its links keep the other list's cursor."""
        cursor = self.request.GET.get(name)
        found = page_at(read, cursor)
        others = {key: value for key, value in self.request.GET.items() if key in CURSORS and key != name}
        show = {"show": self.request.GET["show"]} if "show" in self.request.GET else {}
        following = urlencode(show | others | {name: found.next_cursor}) if found.next_cursor else ""
        return ApprovalList(found.rows, urlencode(show | others) if cursor else None, following)

    def _history(self) -> dict[str, Any]:
        """Decisions, newest first. Each action is read by its own range of the trail's index."""
        user: Any = self.request.user
        actions = [name for permission, names in DECISIONS.items() if user.has_perm(permission) for name in names]
        before = self.request.GET.get("before", "")
        rows = scoped(AuditEntry.objects.all(), user)
        if before.isascii() and before.isdigit() and len(before) < 19:
            rows = rows.filter(pk__lt=int(before))
        found = _newest(rows, actions)
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


def _newest(rows: Any, actions: Sequence[str]) -> list[AuditEntry]:
    """The newest entries of these actions, one more than a page shows."""
    parts = [rows.filter(act=action).order_by("-pk")[: LISTED + 1] for action in actions]
    if not parts:
        return []
    return list(parts[0].union(*parts[1:], all=True).order_by("-pk")[: LISTED + 1])

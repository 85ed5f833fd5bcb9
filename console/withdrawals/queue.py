"""The queue of withdrawals: each beside the facts that decide, and decisions on many at once."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from console.evidence import evidence_for
from kgen.admin_site.actions import ConsoleAction, operator_id
from kgen.admin_site.navigation import Nav
from kgen.admin_site.pages import ConsolePage, address, does, page
from kgen.admin_site.paging import page_at
from kgen.admin_site.scope import clients_of
from kgen.api.request_id import request_id_of
from kgen.clock import database_now
from kgen.jobs import services as jobs
from kgen.jobs.models import Job
from wallet.admin.actions import MAY_DECIDE
from wallet.selectors import queue
from wallet.selectors.rails import paused_rails

MAY_SEE = "wallet.view_withdrawal"
APPROVE_MANY = ConsoleAction("withdrawal.approve_many", MAY_DECIDE)
REJECT_MANY = ConsoleAction("withdrawal.reject_many", MAY_DECIDE)


@page
class WithdrawalsPage(ConsolePage):
    """Withdrawals by tab, each beside the facts that decide."""

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


@page
class QueueActionsPage(ConsolePage):
    """The address of the queue's form: a job decides the ticked withdrawals, each in a transaction of its own."""

    route, name, title = "money/withdrawals/decide/", "withdrawals_act", "Withdrawals"
    permission = MAY_SEE

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return HttpResponseRedirect(address("withdrawals"))

    @does(APPROVE_MANY)
    def approve(self) -> HttpResponse:
        """Approve the ticked withdrawals."""
        return self._queue(APPROVE_MANY, "withdrawals.approve")

    @does(REJECT_MANY)
    def reject(self) -> HttpResponse:
        """Reject the ticked withdrawals."""
        return self._queue(REJECT_MANY, "withdrawals.reject")

    def _queue(self, what: ConsoleAction, kind: str) -> HttpResponse:
        chosen = _ids(self.request.POST.getlist("row"))
        if not chosen:
            messages.error(self.request, "Choose at least one withdrawal.")
            return self.back(address("withdrawals"))
        made = self.run(
            what,
            lambda: jobs.request_acts(
                operator_id=operator_id(self.request),
                kind=kind,
                subjects=chosen,
                reason=self.reason,
                request_id=request_id_of(self.request),
            ),
            subject=lambda job: job,
            done=f"A job decides {len(chosen)} withdrawals, each separately. Its page shows the refusals.",
        )
        if isinstance(made, Job) and self.request.user.has_perm("kgen.see_jobs"):
            return HttpResponseRedirect(address("job", pk=made.pk))
        return self.back(address("withdrawals"))


def _ids(texts: list[str]) -> list[UUID]:
    """The texts that are ids. Forms send no others."""
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found

"""What operators do with withdrawals, one by one or many: what the queue's forms are sent to.

The queue itself shows facts about gamers, whom this app does not know; its pages are the top app's.
"""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404

from kgen import audit
from kgen.admin_site.actions import ConsoleAction
from kgen.admin_site.pages import ConsolePage, address, does, page
from kgen.admin_site.scope import scoped
from kgen.api.request_id import request_id_of
from kgen.jobs import services as jobs
from kgen.jobs.csv_cells import masked
from kgen.jobs.models import Job
from wallet.models import Wallet, Withdrawal
from wallet.services import reviewing

MAY_SEE, MAY_DECIDE, MAY_REVIEW = "wallet.view_withdrawal", "wallet.approve_withdrawal", "wallet.review_withdrawal"
APPROVE = ConsoleAction("withdrawal.approve", MAY_DECIDE)
REJECT = ConsoleAction("withdrawal.reject", MAY_DECIDE)
ASK_AGAIN = ConsoleAction("withdrawal.ask_again", MAY_REVIEW)
RESOLVE_PAID = ConsoleAction("withdrawal.resolve_paid", MAY_REVIEW)
RESOLVE_FAILED = ConsoleAction("withdrawal.resolve_failed", MAY_REVIEW)
CLEAR = ConsoleAction("withdrawal.clear_mark", MAY_REVIEW)
APPROVE_MANY = ConsoleAction("withdrawal.approve_many", MAY_DECIDE)
REJECT_MANY = ConsoleAction("withdrawal.reject_many", MAY_DECIDE)
SHOW = ConsoleAction("address.see", "users.see_phone", needs_reason=False)


def operator_of(request: HttpRequest) -> int:
    """Who acts."""
    assert request.user.pk is not None, "the console lets nobody in without a login"
    return int(request.user.pk)


@page
class WithdrawalActPage(ConsolePage):
    """The acts upon one withdrawal; it is looked at on the page `withdrawal`, to which they lead back."""

    route, name, title = "money/withdrawals/<uuid:pk>/decide/", "withdrawal_act", "Withdrawal"
    permission = MAY_SEE

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return HttpResponseRedirect(address("withdrawal", **kwargs))

    @does(APPROVE)
    def approve(self, pk: UUID) -> HttpResponse:
        """Let it be paid."""
        return self._decide(APPROVE, pk, reviewing.approve_withdrawal, "Approved: it is sent as soon as the rail runs.")

    @does(REJECT)
    def reject(self, pk: UUID) -> HttpResponse:
        """Refuse it."""
        return self._decide(REJECT, pk, reviewing.reject_withdrawal, "Rejected: the money is the gamer's again.")

    @does(ASK_AGAIN)
    def ask_again(self, pk: UUID) -> HttpResponse:
        """Ask the rail once more."""
        return self._do(ASK_AGAIN, pk, partial(reviewing.ask_again, withdrawal_id=pk), "The rail is asked again.")

    @does(RESOLVE_PAID)
    def resolve_paid(self, pk: UUID) -> HttpResponse:
        """End a review: the rail's books say that it was paid."""
        return self._resolve(RESOLVE_PAID, pk, paid=True, done="The review is over: PAID.")

    @does(RESOLVE_FAILED)
    def resolve_failed(self, pk: UUID) -> HttpResponse:
        """End a review: it was not paid and never will be."""
        return self._resolve(RESOLVE_FAILED, pk, paid=False, done="The review is over: the money is the gamer's again.")

    @does(CLEAR)
    def clear(self, pk: UUID) -> HttpResponse:
        """Take the mark off a settled withdrawal."""
        return self._decide(CLEAR, pk, reviewing.clear_mark, "The mark is cleared. No money has moved.")

    def _decide(self, what: ConsoleAction, pk: UUID, service: Callable[..., None], done: str) -> HttpResponse:
        call = partial(service, withdrawal_id=pk, operator_id=operator_of(self.request), reason=self.reason)
        return self._do(what, pk, call, done)

    def _resolve(self, what: ConsoleAction, pk: UUID, *, paid: bool, done: str) -> HttpResponse:
        call = partial(
            reviewing.resolve_review,
            withdrawal_id=pk,
            operator_id=operator_of(self.request),
            paid=paid,
            reason=self.reason,
            rail_reference=self.request.POST.get("rail_reference", ""),
        )
        return self._do(what, pk, call, done)

    def _do(self, what: ConsoleAction, pk: UUID, call: Callable[[], None], done: str) -> HttpResponse:
        row = get_object_or_404(scoped(Withdrawal.objects.all(), self.request.user), pk=pk)
        self.run(what, call, subject=row, done=done)
        return self.back(address("withdrawal", pk=pk))


@page
class WithdrawalsActPage(ConsolePage):
    """Many withdrawals at once, as a job: each is an act and a transaction of its own."""

    route, name, title = "money/withdrawals/decide/", "withdrawals_act", "Withdrawals"
    permission = MAY_SEE

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return HttpResponseRedirect(address("withdrawals"))

    @does(APPROVE_MANY)
    def approve(self) -> HttpResponse:
        """Let them be paid."""
        return self._queue(APPROVE_MANY, "withdrawals.approve")

    @does(REJECT_MANY)
    def reject(self) -> HttpResponse:
        """Refuse them."""
        return self._queue(REJECT_MANY, "withdrawals.reject")

    def _queue(self, what: ConsoleAction, kind: str) -> HttpResponse:
        chosen = _ids(self.request.POST.getlist("row"))
        if not chosen:
            messages.error(self.request, "Choose at least one withdrawal.")
            return self.back(address("withdrawals"))
        made = self.run(
            what,
            lambda: jobs.request_acts(
                operator_id=operator_of(self.request),
                kind=kind,
                subjects=chosen,
                reason=self.reason,
                request_id=request_id_of(self.request),
            ),
            subject=lambda job: job,
            done=f"{len(chosen)} put into the queue of jobs. Each is decided by itself; refusals are told here.",
        )
        if isinstance(made, Job) and self.request.user.has_perm("kgen.see_jobs"):
            return HttpResponseRedirect(address("job", pk=made.pk))
        return self.back(address("withdrawals"))


def _ids(texts: list[str]) -> list[UUID]:
    """Those of the texts that are ids: forms send no others."""
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


@page
class WalletAddressPage(ConsolePage):
    """A wallet's address: masked, and in full for those who may see it, each time with a trace."""

    route, name, title = "money/wallets/<uuid:pk>/address/", "wallet_address", "Wallet address"
    permission = "wallet.view_wallet"
    template_name = "console/wallet_address.html"

    def data(self, **kwargs: Any) -> dict[str, Any]:
        wallet = get_object_or_404(scoped(Wallet.objects.all(), self.request.user), pk=kwargs["pk"])
        return {"wallet": wallet, "masked_address": masked(wallet.address)}

    def breadcrumbs(self, **kwargs: Any) -> list[tuple[str, str]]:
        return [("Wallets", address("wallet_wallet_changelist"))]

    @does(SHOW)
    def show(self, pk: UUID) -> HttpResponse:
        """Show it in full."""
        found = self.data(pk=pk)
        audit.record_view(operator=self.request.user, what="address", subject=found["wallet"], request=self.request)
        return self.render(**found, in_full=True)

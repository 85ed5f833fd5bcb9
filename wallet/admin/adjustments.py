"""Adjustments in the console: one operator requests, another decides."""

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from kgen.admin_site.actions import ConsoleAction, on_rows, operator_id
from kgen.admin_site.admin import ReadOnlyAdmin
from kgen.admin_site.names import operator_names
from kgen.admin_site.navigation import Nav
from kgen.admin_site.pages import ConsolePage, address, does, page
from kgen.admin_site.paging import page_at
from kgen.admin_site.scope import clients_of, scoped
from kgen.jobs.csv_cells import masked
from wallet.ledger import Bucket
from wallet.models import ADJUSTABLE, Adjustment, AdjustmentState, Direction, Wallet
from wallet.models.adjustments import LARGEST_ADJUSTMENT, LONGEST_REASON, SHORTEST_REASON
from wallet.selectors import balance_of
from wallet.selectors.adjustments import adjustments_of_operator, open_adjustment_page
from wallet.services import adjusting

MAY_SEE, MAY_ASK, MAY_DECIDE = "wallet.view_adjustment", "wallet.request_adjustment", "wallet.approve_adjustment"
REQUEST = ConsoleAction("adjustment.request", MAY_ASK)
APPROVE = ConsoleAction("adjustment.approve", MAY_DECIDE)
REJECT = ConsoleAction("adjustment.reject", MAY_DECIDE)
CANCEL = ConsoleAction("adjustment.cancel", MAY_ASK)


@admin.register(Adjustment)
class AdjustmentAdmin(ReadOnlyAdmin):
    """All adjustments: the request, its operator, and the operator who decided."""

    told_on = "adjustment"
    list_display = [
        *("id", "state", "wallet", "direction", "bucket", "amount"),
        *("reason", "maker", "created_at", "checker"),
    ]
    list_filter = ["state", "direction", "bucket"]
    list_select_related = ["wallet"]
    found_by = ("id", "wallet__address")
    actions = ["approve", "reject", "cancel"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        operators = get_user_model()._base_manager
        names = {
            f"{column}_name": Subquery(operators.filter(pk=OuterRef(column)).values("username"))
            for column in ("requested_by", "decided_by")
        }
        rows: QuerySet[Any] = super().get_queryset(request).annotate(**names)
        return rows

    @admin.display(description="asked for by")
    def maker(self, row: Any) -> Any:
        """The operator who requested it."""
        return row.requested_by_name or row.requested_by

    @admin.display(description="decided by")
    def checker(self, row: Any) -> Any:
        """The operator who decided; for a cancelled adjustment its maker."""
        return row.decided_by_name or row.decided_by

    @on_rows(APPROVE, "Approve: the money moves")
    def approve(self, request: HttpRequest, row: Adjustment, reason: str) -> Any:
        """Book another operator's request."""
        return adjusting.approve_adjustment(adjustment_id=row.pk, operator_id=operator_id(request), note=reason)

    @on_rows(REJECT, "Reject")
    def reject(self, request: HttpRequest, row: Adjustment, reason: str) -> Any:
        """Reject another operator's request."""
        return adjusting.reject_adjustment(adjustment_id=row.pk, operator_id=operator_id(request), note=reason)

    @on_rows(CANCEL, "Withdraw my own request")
    def cancel(self, request: HttpRequest, row: Adjustment, reason: str) -> Any:
        """Cancel the operator's own request."""
        return adjusting.cancel_adjustment(adjustment_id=row.pk, operator_id=operator_id(request), note=reason)


@page
class AdjustmentsPage(ConsolePage):
    """Undecided requests, oldest first."""

    route, name, title = "money/adjustments/", "adjustments", "Adjustments"
    permission = MAY_SEE
    template_name = "console/adjustments.html"
    nav = Nav("Money", "Adjustments", "balance", 40)

    def data(self, **kwargs: Any) -> dict[str, Any]:
        me, clients, cursor = operator_id(self.request), clients_of(self.request.user), self.request.GET.get("after")
        found = page_at(lambda cursor: open_adjustment_page(clients, cursor), cursor)
        names = operator_names(row.requested_by for row in found.rows)
        return {
            "rows": [(row, row.requested_by == me, names.get(row.requested_by, "")) for row in found.rows],
            "next_query": urlencode({"after": found.next_cursor}) if found.next_cursor else "",
            "is_first": not cursor,
        }


@page
class AdjustmentPage(ConsolePage):
    """One adjustment: the wallet's balance, the request and the decision."""

    route, name, title = "money/adjustments/<uuid:pk>/", "adjustment", "Adjustment"
    permission = MAY_SEE
    template_name = "console/adjustment.html"

    def data(self, **kwargs: Any) -> dict[str, Any]:
        row = self._row(kwargs["pk"])
        names = operator_names([row.requested_by, row.decided_by])
        return {
            "row": row,
            "maker": names.get(row.requested_by, f"operator {row.requested_by}"),
            "checker": names.get(row.decided_by, f"operator {row.decided_by}"),
            "is_open": row.state == AdjustmentState.REQUESTED,
            "mine": row.requested_by == operator_id(self.request),
            "wallet_address": masked(row.wallet.address),
            "balance": balance_of(row.wallet_id),
            "shortest": SHORTEST_REASON,
        }

    def breadcrumbs(self, **kwargs: Any) -> list[tuple[str, str]]:
        return [(AdjustmentsPage.title, address("adjustments"))]

    @does(APPROVE)
    def approve(self, pk: UUID) -> HttpResponse:
        """Book the adjustment. Its maker must not."""
        return self._decide(APPROVE, pk, adjusting.approve_adjustment, "Approved: the money has moved.")

    @does(REJECT)
    def reject(self, pk: UUID) -> HttpResponse:
        """Reject the adjustment. Its maker cancels it instead."""
        return self._decide(REJECT, pk, adjusting.reject_adjustment, "Rejected. Nothing has moved.")

    @does(CANCEL)
    def cancel(self, pk: UUID) -> HttpResponse:
        """Cancel the operator's own request."""
        return self._decide(CANCEL, pk, adjusting.cancel_adjustment, "Withdrawn. Nothing has moved.")

    def _decide(self, decision: ConsoleAction, pk: UUID, service: Callable[..., None], done: str) -> HttpResponse:
        row = self._row(pk)
        call = partial(service, adjustment_id=pk, operator_id=operator_id(self.request), note=self.reason)
        self.run(decision, call, subject=row, done=done)
        return self.back(address("adjustment", pk=pk))

    def _row(self, pk: UUID) -> Adjustment:
        return get_object_or_404(adjustments_of_operator(clients_of(self.request.user)), pk=pk)


class AdjustmentForm(forms.Form):
    """A requested change of a balance, and its reason."""

    direction = forms.ChoiceField(
        choices=[(Direction.CREDIT.value, "Give the gamer"), (Direction.DEBIT.value, "Take from the gamer")],
        widget=forms.RadioSelect,
    )
    amount = forms.IntegerField(min_value=1, max_value=LARGEST_ADJUSTMENT)
    bucket = forms.ChoiceField(choices=[(bucket.value, bucket.label) for bucket in ADJUSTABLE])
    reason = forms.CharField(
        min_length=SHORTEST_REASON, max_length=LONGEST_REASON, widget=forms.Textarea(attrs={"rows": 3})
    )


@page
class NewAdjustmentPage(ConsolePage):
    """A new request for the wallet of `?wallet=`. No money moves before another operator approves it."""

    route, name, title = "money/adjustments/new/", "adjustment_new", "Ask for an adjustment"
    permission = MAY_ASK
    template_name = "console/adjustment_new.html"

    def data(self, **kwargs: Any) -> dict[str, Any]:
        wallet = self._wallet()
        return {
            "wallet": wallet,
            "wallet_address": masked(wallet.address),
            "balance": balance_of(wallet.pk),
            "form": AdjustmentForm(),
            "next": self.request.GET.get("next", ""),
        }

    def breadcrumbs(self, **kwargs: Any) -> list[tuple[str, str]]:
        return [(AdjustmentsPage.title, address("adjustments"))]

    @does(REQUEST)
    def request_it(self) -> HttpResponse:
        """Request the adjustment. An invalid form is shown again with its faults."""
        wallet, form = self._wallet(), AdjustmentForm(self.request.POST)
        if not form.is_valid():
            return self.render(status=400, **self.data() | {"form": form})
        fields = form.cleaned_data
        made = self.run(
            REQUEST,
            lambda: adjusting.request_adjustment(
                wallet_id=wallet.pk,
                bucket=Bucket(fields["bucket"]),
                direction=Direction(fields["direction"]),
                amount=fields["amount"],
                reason=fields["reason"],
                operator_id=operator_id(self.request),
            ),
            subject=lambda adjustment: adjustment,
            done="Asked for. Nothing moves before another operator approves it.",
        )
        if not isinstance(made, Adjustment):
            return self.render(**self.data() | {"form": form})
        return self.back(address("adjustment", pk=made.pk))

    def _wallet(self) -> Wallet:
        """The wallet of `?wallet=`.

        :raises Http404: there is none within the operator's limit.
        """
        try:
            wanted = UUID(self.request.GET.get("wallet", ""))
        except ValueError:
            raise Http404 from None
        return get_object_or_404(scoped(Wallet.objects.all(), self.request.user), pk=wanted)

"""Money in the console: read-only, without exception. What operators may do are actions that call journeys."""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest

from kgen.console import ReadOnlyAdmin, ReadOnlyInline
from kgen.errors import DomainError
from wallet.models import Account, Adjustment, PayoutAttempt, PayoutRail, Posting, Transaction, Wallet, Withdrawal
from wallet.services import adjusting, reviewing, switching


class AccountInline(ReadOnlyInline):
    """A wallet's buckets."""

    model = Account
    fields = ["kind", "balance"]


class PostingInline(ReadOnlyInline):
    """A transaction's postings."""

    model = Posting
    fields = ["source", "destination", "amount", "source_balance", "destination_balance"]


@admin.register(Wallet)
class WalletAdmin(ReadOnlyAdmin):
    """Wallets by address."""

    list_display = ["address", "currency", "created_at"]
    search_fields = ["=address", "=id"]
    inlines = [AccountInline]


@admin.register(Transaction)
class TransactionAdmin(ReadOnlyAdmin):
    """The journal."""

    list_display = ["reference", "kind", "wallet", "balance_after", "created_at"]
    list_filter = ["kind"]
    list_select_related = ["wallet"]
    search_fields = ["=reference", "=id", "=wallet__address"]
    ordering = ["-created_at"]
    inlines = [PostingInline]


class ReasonForm(ActionForm):
    """Why an operator does it: kept with what was done."""

    reason = forms.CharField(max_length=500, required=False, label="Reason")


class OperatedAdmin(ReadOnlyAdmin):
    """Rows that nobody edits and for which operators may call journeys."""

    action_form = ReasonForm

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Whoever may change these rows may act on them."""
        return bool(request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}"))

    def each(self, request: HttpRequest, rows: Iterable[Any], act: Callable[[Any, str], object]) -> None:
        """Call `act` with each row and the reason, and tell what came of it. One refusal stops no other."""
        reason = request.POST.get("reason", "").strip()[:500]
        if not reason:
            messages.error(request, "Give a reason.")
            return
        for row in rows:
            try:
                act(row, reason)
                messages.success(request, f"{row}: done")
            except DomainError as refusal:
                messages.error(request, f"{row}: {refusal.detail}")


class AttemptInline(ReadOnlyInline):
    """What was said to the rail, and by it."""

    model = PayoutAttempt
    fields = ["number", "kind", "started_at", "ended_at", "outcome", "http_status", "detail"]
    ordering = ["number"]


@admin.register(Withdrawal)
class WithdrawalAdmin(OperatedAdmin):
    """The queue: approvals and reviews."""

    list_display = ["id", "state", "review", "amount", "currency", "rail", "destination", "tries", "created_at"]
    list_filter = ["state", "review", "rail"]
    search_fields = ["=id", "=wallet__address", "=destination"]
    ordering = ["-created_at"]
    inlines = [AttemptInline]
    actions = ["approve", "reject", "ask_again", "resolve_as_paid", "resolve_as_failed"]

    @admin.action(description="Approve", permissions=["operate"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Withdrawal]) -> None:
        """Let withdrawals above the threshold be paid."""
        self.each(
            request,
            queryset,
            lambda row, reason: reviewing.approve_withdrawal(
                withdrawal_id=row.pk, operator_id=operator_of(request), reason=reason
            ),
        )

    @admin.action(description="Reject: the money goes back to the gamer", permissions=["operate"])
    def reject(self, request: HttpRequest, queryset: QuerySet[Withdrawal]) -> None:
        """Refuse withdrawals that await approval."""
        self.each(
            request,
            queryset,
            lambda row, reason: reviewing.reject_withdrawal(
                withdrawal_id=row.pk, operator_id=operator_of(request), reason=reason
            ),
        )

    @admin.action(description="Review: ask the rail again", permissions=["operate"])
    def ask_again(self, request: HttpRequest, queryset: QuerySet[Withdrawal]) -> None:
        """For those that the rail had not seen."""
        self.each(request, queryset, lambda row, _: reviewing.ask_again(withdrawal_id=row.pk))

    @admin.action(description="Review: the rail's books say PAID", permissions=["operate"])
    def resolve_as_paid(self, request: HttpRequest, queryset: QuerySet[Withdrawal]) -> None:
        """End reviews."""
        self._resolve(request, queryset, paid=True)

    @admin.action(description="Review: it was NOT paid and never will be; the money goes back", permissions=["operate"])
    def resolve_as_failed(self, request: HttpRequest, queryset: QuerySet[Withdrawal]) -> None:
        """End reviews."""
        self._resolve(request, queryset, paid=False)

    def _resolve(self, request: HttpRequest, queryset: QuerySet[Withdrawal], *, paid: bool) -> None:
        self.each(
            request,
            queryset,
            lambda row, reason: reviewing.resolve_review(
                withdrawal_id=row.pk, operator_id=operator_of(request), paid=paid, reason=reason
            ),
        )


@admin.register(Adjustment)
class AdjustmentAdmin(OperatedAdmin):
    """Corrections by hand: what was asked for, by whom, and who decided it."""

    list_display = [
        "id",
        "state",
        "wallet",
        "direction",
        "bucket",
        "amount",
        "reason",
        "requested_by",
        "created_at",
        "decided_by",
    ]
    list_filter = ["state", "direction", "bucket"]
    list_select_related = ["wallet"]
    search_fields = ["=id", "=wallet__address"]
    ordering = ["-created_at"]
    actions = ["approve", "reject", "cancel"]

    @admin.action(description="Approve: the money moves", permissions=["operate"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Adjustment]) -> None:
        """Book what others asked for."""
        self._decide(request, queryset, adjusting.approve_adjustment)

    @admin.action(description="Reject", permissions=["operate"])
    def reject(self, request: HttpRequest, queryset: QuerySet[Adjustment]) -> None:
        """Refuse what others asked for."""
        self._decide(request, queryset, adjusting.reject_adjustment)

    @admin.action(description="Withdraw my own request", permissions=["operate"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Adjustment]) -> None:
        """Take back what one asked for."""
        self._decide(request, queryset, adjusting.cancel_adjustment)

    def _decide(self, request: HttpRequest, queryset: QuerySet[Adjustment], decide: Callable[..., None]) -> None:
        self.each(
            request,
            queryset,
            lambda row, reason: decide(adjustment_id=row.pk, operator_id=operator_of(request), note=reason),
        )


@admin.register(PayoutRail)
class PayoutRailAdmin(OperatedAdmin):
    """Rails: which run, and why one does not."""

    list_display = ["name", "pause", "reason", "since", "failures", "probe_at"]
    actions = ["pause", "resume"]

    @admin.action(description="Pause: requests are taken, nothing goes out", permissions=["operate"])
    def pause(self, request: HttpRequest, queryset: QuerySet[PayoutRail]) -> None:
        """Stop payouts."""
        self.each(
            request,
            queryset,
            lambda row, reason: switching.pause_rail(name=row.pk, operator_id=operator_of(request), reason=reason),
        )

    @admin.action(description="Resume: what was paid is known here", permissions=["operate"])
    def resume(self, request: HttpRequest, queryset: QuerySet[PayoutRail]) -> None:
        """Let payouts go out again."""
        self.each(
            request,
            queryset,
            lambda row, reason: switching.resume_rail(name=row.pk, operator_id=operator_of(request), reason=reason),
        )


def operator_of(request: HttpRequest) -> int:
    """Who acts."""
    assert request.user.pk is not None, "the console lets nobody in without a login"
    return int(request.user.pk)

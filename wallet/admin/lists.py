"""Read-only lists of wallets, the ledger and withdrawals. They show addresses masked."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from kgen.admin_site.actions import on_rows, operator_id
from kgen.admin_site.admin import ReadOnlyAdmin, ReadOnlyInline, row_fields
from kgen.admin_site.navigation import Nav
from kgen.admin_site.pages import address
from kgen.clock import database_now
from kgen.jobs.csv_cells import masked
from wallet.admin.actions import APPROVE, ASK_AGAIN, REJECT
from wallet.models import Account, PayoutAttempt, Posting, Transaction, Wallet, Withdrawal
from wallet.selectors.queue import IS_UNPAID, is_late
from wallet.services import reviewing


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

    nav = Nav("Money", "Wallets", "account_balance_wallet", 30)
    list_display = ["masked_address", "id", "currency", "created_at"]
    found_by = ("address", "id")
    search_help_text = "a whole address, or an id"
    inlines = [AccountInline]
    fields = [*row_fields(Wallet, "address"), "masked_address", "in_full"]
    readonly_fields = ["masked_address", "in_full"]

    @admin.display(description="address")
    def masked_address(self, row: Wallet) -> str:
        """The address, masked but distinguishable."""
        return masked(row.address)

    @admin.display(description="address in full")
    def in_full(self, row: Wallet) -> SafeString:
        """A link to the page that shows the address in full."""
        return format_html('<a href="{}">Look at it (leaves a trace)</a>', address("wallet_address", pk=row.pk))


@admin.register(Transaction)
class TransactionAdmin(ReadOnlyAdmin):
    """The ledger's transactions."""

    nav = Nav("Money", "Ledger", "receipt_long", 20)
    timed = "created_at"
    list_display = ["reference", "kind", "wallet", "balance_after", "created_at"]
    list_filter = ["kind"]
    list_select_related = ["wallet"]
    found_by = ("reference", "id", "wallet__address")
    search_help_text = "a whole reference, an id, or the whole address of a wallet"
    inlines = [PostingInline]


class PayoutFilter(admin.SimpleListFilter):
    """Withdrawals that are to be paid, or only those that are late."""

    title, parameter_name = "payout", "payout"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("unpaid", "To be sent or sending"), ("late", "Stuck or unknown")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = {"unpaid": IS_UNPAID, "late": is_late(database_now())}.get(self.value() or "")
        return queryset.filter(wanted) if wanted else queryset


class AttemptInline(ReadOnlyInline):
    """A withdrawal's calls to the rail and their outcomes."""

    model = PayoutAttempt
    fields = ["number", "kind", "started_at", "ended_at", "outcome", "http_status", "detail"]
    ordering = ["number"]


@admin.register(Withdrawal)
class WithdrawalAdmin(ReadOnlyAdmin):
    """All withdrawals, for finding one. Operators decide in the queue."""

    told_on = "withdrawal"
    list_display = ["id", "state", "review", "amount", "currency", "rail", "masked_destination", "tries", "created_at"]
    # Each state has an index by time. Other filters would read a million rows to find a few.
    keyset = ("-created_at", "-pk")
    list_filter = ["state", PayoutFilter]
    linked = ("rail",)
    found_by = ("id", "wallet__address", "destination", "transaction_hash")
    search_help_text = "an id, the whole address of a wallet, or the hash of the rail's transaction"
    inlines = [AttemptInline]
    fields = [*row_fields(Withdrawal, "destination"), "masked_destination", "in_queue"]
    readonly_fields = ["masked_destination", "in_queue"]
    actions = ["approve", "reject", "ask_again"]

    @admin.display(description="destination")
    def masked_destination(self, row: Withdrawal) -> str:
        """The address, masked but distinguishable."""
        return masked(row.destination)

    @admin.display(description="in the queue")
    def in_queue(self, row: Withdrawal) -> SafeString:
        """A link to the withdrawal's page in the queue."""
        return format_html('<a href="{}">Open the review</a>', address("withdrawal", pk=row.pk))

    @on_rows(APPROVE, "Approve")
    def approve(self, request: HttpRequest, row: Withdrawal, reason: str) -> Any:
        """Approve a withdrawal above the client's threshold."""
        return reviewing.approve_withdrawal(withdrawal_id=row.pk, operator_id=operator_id(request), reason=reason)

    @on_rows(REJECT, "Reject: the money goes back to the gamer")
    def reject(self, request: HttpRequest, row: Withdrawal, reason: str) -> Any:
        """Reject a withdrawal that awaits approval."""
        return reviewing.reject_withdrawal(withdrawal_id=row.pk, operator_id=operator_id(request), reason=reason)

    @on_rows(ASK_AGAIN, "Review: ask the rail again")
    def ask_again(self, request: HttpRequest, row: Withdrawal, reason: str) -> Any:
        """Ask the rail again about a withdrawal that it did not know."""
        return reviewing.ask_again(withdrawal_id=row.pk)

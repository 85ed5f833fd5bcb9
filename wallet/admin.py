"""Money in the console: read-only, without exception."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from wallet.models import Account, Posting, Transaction, Wallet


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """Shows rows and changes none."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class AccountInline(admin.TabularInline[Account, Wallet]):
    """A wallet's buckets."""

    model = Account
    fields = ["kind", "balance"]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class PostingInline(admin.TabularInline[Posting, Transaction]):
    """A transaction's postings."""

    model = Posting
    fields = ["source", "destination", "amount", "source_balance", "destination_balance"]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


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

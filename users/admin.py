"""Clients, gamers and operators in the console."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest

from users import services
from users.models import Client, ClientSecret, Gamer, Operator


@admin.register(Operator)
class OperatorAdmin(UserAdmin):  # type: ignore[type-arg]
    """Who works in the console."""


class SecretInline(admin.TabularInline[ClientSecret, Client]):
    """A client's secrets, of which only hints are known."""

    model = ClientSecret
    fields = ["hint", "created_at", "last_used_at", "revoked_at"]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Client)
class ClientAdmin(admin.ModelAdmin[Client]):
    """Clients, their settings and their secrets."""

    list_display = ["name", "id", "active", "currency", "welcome_bonus"]
    search_fields = ["name", "=id"]
    readonly_fields = ["id", "created_at"]
    inlines = [SecretInline]
    actions = ["issue_secret"]

    def get_readonly_fields(self, request: HttpRequest, obj: Client | None = None) -> Any:
        # Accounts carry the currency; a change would leave gamers with wallets in the old one.
        return [*self.readonly_fields, "currency"] if obj else self.readonly_fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(
        description="Issue a new secret (shown once; with two live ones the older is revoked)",
        permissions=["change"],
    )
    def issue_secret(self, request: HttpRequest, queryset: QuerySet[Client]) -> None:
        """Make a secret and show it this once."""
        for client in queryset:
            secret = services.issue_secret(client_id=client.pk)
            messages.success(request, f"{client.name}: {secret}")


@admin.register(Gamer)
class GamerAdmin(admin.ModelAdmin[Gamer]):
    """Gamers, read-only."""

    list_display = ["user_id", "username", "client", "suspended_at", "created_at"]
    list_filter = ["client"]
    list_select_related = ["client"]
    search_fields = ["=user_id", "=id", "=wallet__address"]
    ordering = ["-created_at"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

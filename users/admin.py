"""Clients, gamers and operators in the console."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest

from kgen.console import ReadOnlyAdmin, ReadOnlyInline
from kgen.errors import DomainError
from users import services
from users.models import Client, ClientSecret, Gamer, Operator, PhoneLink


@admin.register(Operator)
class OperatorAdmin(UserAdmin):  # type: ignore[type-arg]
    """Who works in the console."""


class SecretInline(ReadOnlyInline):
    """A client's secrets, of which only hints are known."""

    model = ClientSecret
    fields = ["hint", "created_at", "last_used_at", "revoked_at"]


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


class PhoneLinkInline(ReadOnlyInline):
    """Which KGeN accounts a gamer was linked to, and why no longer."""

    model = PhoneLink
    fields = ["account", "linked_at", "unlinked_at", "unlinked_by", "unlink_reason"]


class ReasonForm(ActionForm):
    """An action and why it is done."""

    reason = forms.CharField(required=False, max_length=500)


@admin.register(Gamer)
class GamerAdmin(ReadOnlyAdmin):
    """Gamers, read-only; what support may do to one is an action."""

    list_display = ["user_id", "username", "client", "linked_at", "suspended_at", "created_at"]
    list_filter = ["client"]
    list_select_related = ["client"]
    search_fields = ["=user_id", "=id", "=wallet__address"]
    ordering = ["-created_at"]
    inlines = [PhoneLinkInline]
    actions = ["unlink_phone"]
    action_form = ReasonForm

    def get_fields(self, request: HttpRequest, obj: Gamer | None = None) -> Any:
        return [*super().get_fields(request, obj), "linked_phone"]

    def get_readonly_fields(self, request: HttpRequest, obj: Gamer | None = None) -> Any:
        return ["linked_phone"]

    @admin.display(description="linked phone")
    def linked_phone(self, gamer: Gamer) -> str:
        """The phone of the KGeN account."""
        return gamer.kgen_account.phone if gamer.kgen_account else "none"

    def has_unlink_permission(self, request: HttpRequest) -> bool:
        """Pages are read-only for everybody; the action asks for the right to change gamers."""
        return request.user.has_perm("users.change_gamer")

    @admin.action(description="Unlink the phone (with a reason)", permissions=["unlink"])
    def unlink_phone(self, request: HttpRequest, queryset: QuerySet[Gamer]) -> None:
        """Part gamers from their phones."""
        reason = request.POST.get("reason", "").strip()[:500]
        if not reason:
            messages.error(request, "Unlinking needs a reason.")
            return
        for gamer in queryset.select_related("client"):
            try:
                by = f"operator {request.user.get_username()}"
                services.unlink_phone(client=gamer.client, user_id=gamer.user_id, reason=reason, by=by)
            except DomainError as refusal:
                messages.error(request, f"Not unlinked: {gamer.user_id}. {refusal.detail}")
            else:
                messages.success(request, f"Unlinked: {gamer.user_id}")

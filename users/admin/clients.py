"""Clients in the console: the list, and the page of one with its secrets and its switch."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from kgen.admin_site.actions import ConsoleAction
from kgen.admin_site.admin import ReadOnlyAdmin
from kgen.admin_site.navigation import Nav
from kgen.admin_site.pages import ConsolePage, address, does, page
from kgen.admin_site.scope import clients_of, scoped
from users import services
from users.models import Client, SecretKind
from users.selectors.clients import is_currency_fixed, newest_secret, secrets_of
from users.services.clients import settings_of

CLIENT_PAGE = "client_page"
MAY_SEE, MAY_MANAGE, MAY_ISSUE = "users.view_client", "users.manage_clients", "users.rotate_secret"


@admin.register(Client)
class ClientAdmin(ReadOnlyAdmin):
    """Clients, newest first; a row opens the client's page."""

    nav = Nav("Studios", "Clients", "stadia_controller", 10)
    page = CLIENT_PAGE
    client_path = "id"
    keyset = ("-created_at",)
    list_display = ["name", "id", "active", "currency", "welcome_bonus", "created_at"]
    list_filter = ["active"]
    list_before_template = "console/client_tools.html"
    search_fields = ["name", "=id"]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """The list, with a link to a new client for operators who may make one."""
        may_make = request.user.has_perm(MAY_MANAGE) and clients_of(request.user) is None
        return super().changelist_view(request, (extra_context or {}) | {"may_make_client": may_make})


@page
class ClientPage(ConsolePage):
    """One client: its switch, its settings, its secrets."""

    route = "studios/clients/<uuid:pk>/"
    name = CLIENT_PAGE
    title = "Client"
    permission = MAY_SEE
    template_name = "console/client.html"

    def data(self, **kwargs: Any) -> dict[str, Any]:
        client = get_object_or_404(scoped(Client.objects.all(), self.request.user, "pk"), pk=kwargs["pk"])
        secrets = secrets_of(client)
        live = [row for row in secrets if row.revoked_at is None and row.kind == SecretKind.SERVER]
        return {
            "client": client,
            "title": client.name,
            "settings": labelled(settings_of(client)),
            "currency_fixed": is_currency_fixed(client),
            "secrets": secrets,
            "last_of_server": live if len(live) == 1 else [],
            "newest_secret": newest_secret(client.pk),
            "kinds": SecretKind.choices,
        }

    def breadcrumbs(self, **kwargs: Any) -> list[tuple[str, str]]:
        return [("Clients", address("users_client_changelist"))]

    @does(ConsoleAction("client.issue_secret", MAY_ISSUE))
    def issue(self, pk: UUID) -> HttpResponse | None:
        """Make a secret and show it in this answer only."""
        client, kind = self.data(pk=pk)["client"], self.request.POST.get("kind", "")
        kind = SecretKind(kind) if kind in SecretKind.values else SecretKind.SERVER
        newest_seen = _number(self.request.POST.get("newest", ""))
        secret = self.run(
            self.actions()["issue"],
            lambda: services.issue_secret(client_id=pk, kind=kind, newest_seen=newest_seen),
            subject=client,
            done="There is a new secret.",
        )
        return self.show_secret(secret, pk) if secret else None

    @does(ConsoleAction("client.revoke_secret", MAY_ISSUE))
    def revoke(self, pk: UUID) -> None:
        """Revoke a secret at once."""
        client, secret_id = self.data(pk=pk)["client"], _number(self.request.POST.get("secret", ""))
        self.run(
            self.actions()["revoke"],
            lambda: services.revoke_secret(client_id=pk, secret_id=secret_id),
            subject=client,
            done="The secret is revoked: calls with it are refused from now on.",
        )

    @does(ConsoleAction("client.switch_off", MAY_MANAGE))
    def switch_off(self, pk: UUID) -> None:
        """Switch the client off: every call of its gamers and its server is refused."""
        self._switch("switch_off", pk, active=False, done="The client is switched off.")

    @does(ConsoleAction("client.switch_on", MAY_MANAGE))
    def switch_on(self, pk: UUID) -> None:
        """Switch the client on again."""
        self._switch("switch_on", pk, active=True, done="The client is switched on.")

    def _switch(self, name: str, pk: UUID, *, active: bool, done: str) -> None:
        client = self.data(pk=pk)["client"]
        action = self.actions()[name]
        self.run(action, lambda: services.switch_client(client_id=pk, active=active), subject=client, done=done)

    def show_secret(self, secret: str, pk: UUID) -> HttpResponse:
        """The page with a new secret, which no other answer shows."""
        return self.render(**self.data(pk=pk), secret=secret)


def _number(text: str) -> int:
    """The id in a form's text; 0, which no row has, for any other text."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


LABELS = {
    "name": "Name",
    "currency": "Currency",
    "welcome_bonus": "Welcome bonus",
    "minimum_withdrawal": "Smallest withdrawal",
    "maximum_withdrawal": "Largest withdrawal",
    "daily_withdrawal_limit": "Withdrawals of a gamer in a UTC day",
    "approval_above": "Approval of withdrawals over",
    "reward_expiry_days": "Days until unclaimed rewards expire",
    "sponsorship_limit": "Sponsorship limit",
    "phone_countries": "Countries of phones",
    "origins": "Origins of web pages",
    "store_url": "Store",
}
EMPTY = {
    "maximum_withdrawal": "no limit",
    "daily_withdrawal_limit": "no limit",
    "approval_above": "never",
    "reward_expiry_days": "never",
}


def labelled(settings: dict[str, Any]) -> list[tuple[str, str]]:
    """(label, text) of each setting."""
    return [(LABELS[name], in_words(name, value)) for name, value in settings.items()]


def in_words(name: str, value: Any) -> str:
    """A setting's value as text."""
    if value is None:
        return EMPTY[name]
    if name == "origins":
        return value.replace(",", ", ") or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)

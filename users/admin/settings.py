"""A client's settings as a form, with a preview of the changes before they are saved."""

from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.core import signing
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404

from kgen.admin_site.actions import ConsoleAction
from kgen.admin_site.pages import ConsolePage, address, does, page
from kgen.admin_site.scope import clients_of, scoped
from kgen.errors import Forbidden
from users import services
from users.admin.clients import CLIENT_PAGE, LABELS, MAY_MANAGE, in_words
from users.errors import CurrencyFixed, InvalidSettings
from users.models import Client
from users.selectors.clients import is_currency_fixed
from users.services.clients import SETTINGS, MadeClient, checked, settings_of

SEEN = "client settings"
_HINTS = {
    "currency": "Capital letters, such as KCASH. Fixed once there is a gamer or a tournament.",
    "welcome_bonus": "Bonus money of a new gamer, whole units.",
    "minimum_withdrawal": "0: any amount.",
    "maximum_withdrawal": "Of one withdrawal; empty: no limit.",
    "daily_withdrawal_limit": "Empty: no limit.",
    "approval_above": "Withdrawals over this wait for an operator; 0: all; empty: none.",
    "reward_expiry_days": "Expired rewards go to the house; empty: never.",
    "sponsorship_limit": "How far sponsored tournaments may take the sponsor's account below zero.",
    "phone_countries": "ISO codes with commas between them, such as IN,BD; * is all.",
    "origins": "Web pages whose games may call, such as https://game.example; http://localhost:* is any port there.",
    "store_url": "Where gamers shop, https; they arrive with a parameter named code. Empty: no store.",
}
_TEXTS = ("name", "currency", "phone_countries", "origins", "store_url")


class SettingsForm(forms.Form):
    """The settings; the service's rules validate them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in SETTINGS:
            kind: Any = forms.CharField if name in _TEXTS else forms.IntegerField
            self.fields[name] = kind(label=LABELS[name], help_text=_HINTS.get(name, ""), required=False)

    def clean(self) -> dict[str, Any]:
        """Show the service's faults at their fields."""
        values: dict[str, Any] = super().clean() or {}
        try:
            return values if self.errors else checked(values)
        except InvalidSettings as refusal:
            for fault in refusal.extra["errors"]:
                self.add_error(fault["field"], fault["detail"])
            return values


@page
class ClientSettingsPage(ConsolePage):
    """Changing a client's settings: fill in, preview, save."""

    route = "studios/clients/<uuid:pk>/settings/"
    name = "client_settings"
    title = "Settings"
    permission = MAY_MANAGE
    template_name = "console/client_settings.html"

    def data(self, **kwargs: Any) -> dict[str, Any]:
        client = self._client(kwargs["pk"])
        seen = settings_of(client)
        return {
            "client": client,
            "form": SettingsForm(initial=seen),
            "seen": signing.dumps(seen, salt=SEEN),
            "currency_fixed": is_currency_fixed(client),
        }

    def breadcrumbs(self, **kwargs: Any) -> list[tuple[str, str]]:
        return [
            ("Clients", address("users_client_changelist")),
            (self._client(kwargs["pk"]).name, address(CLIENT_PAGE, pk=kwargs["pk"])),
        ]

    @does(ConsoleAction("client.preview_settings", MAY_MANAGE, needs_reason=False))
    def preview(self, pk: UUID) -> HttpResponse:
        """Show the values before and after; save nothing."""
        shown = self.data(pk=pk)
        form = SettingsForm(self.request.POST)
        if form.is_valid() and shown["currency_fixed"] and form.cleaned_data["currency"] != shown["client"].currency:
            form.add_error("currency", CurrencyFixed.detail)
        if not form.is_valid():
            return self.render(**shown | {"form": form}, status=400)
        rows = _difference(settings_of(shown["client"]), form.cleaned_data)
        return self.render(**shown | {"form": form, "rows": rows, "changes": any(row[3] for row in rows)})

    @does(ConsoleAction("client.preview_settings", MAY_MANAGE, needs_reason=False))
    def edit(self, pk: UUID) -> HttpResponse:
        """Show the form again as it was filled in."""
        return self.render(**self.data(pk=pk) | {"form": SettingsForm(self.request.POST)})

    @does(ConsoleAction("client.change_settings", MAY_MANAGE))
    def save(self, pk: UUID) -> HttpResponse | None:
        """Save the settings, unless they have changed since the form was shown."""
        client, form = self._client(pk), SettingsForm(self.request.POST)
        if not form.is_valid():
            return self.render(**self.data(pk=pk) | {"form": form}, status=400)
        saved = self.run(
            self.actions()["save"],
            lambda: services.change_settings(client_id=pk, settings=form.cleaned_data, seen=self._seen()),
            subject=client,
            done="The settings are saved.",
        )
        return HttpResponseRedirect(address(CLIENT_PAGE, pk=pk)) if saved else None

    def _client(self, pk: UUID) -> Client:
        return get_object_or_404(scoped(Client.objects.all(), self.request.user, "pk"), pk=pk)

    def _seen(self) -> dict[str, Any]:
        """The settings with which the form was shown; empty, which matches no client, if the signature is wrong."""
        try:
            seen: dict[str, Any] = signing.loads(self.request.POST.get("seen", ""), salt=SEEN)
        except signing.BadSignature:
            return {}
        return seen


@page
class NewClientPage(ConsolePage):
    """A new client. The answer shows its first secret."""

    route = "studios/clients/new/"
    name = "client_new"
    title = "New client"
    permission = MAY_MANAGE
    template_name = "console/client_settings.html"

    def data(self, **kwargs: Any) -> dict[str, Any]:
        return {"form": SettingsForm(initial=settings_of(Client(name=""))), "client_id": uuid4()}

    def breadcrumbs(self, **kwargs: Any) -> list[tuple[str, str]]:
        return [("Clients", address("users_client_changelist"))]

    @does(ConsoleAction("client.preview_settings", MAY_MANAGE, needs_reason=False))
    def preview(self) -> HttpResponse:
        """Show the settings of the new client; make nothing."""
        form = SettingsForm(self.request.POST)
        if not form.is_valid():
            return self.render(**self.data() | {"form": form}, status=400)
        rows = _difference({}, form.cleaned_data)
        return self.render(**self.data() | {"form": form, "rows": rows, "changes": True})

    @does(ConsoleAction("client.preview_settings", MAY_MANAGE, needs_reason=False))
    def edit(self) -> HttpResponse:
        """Show the form again as it was filled in."""
        return self.render(**self.data() | {"form": SettingsForm(self.request.POST)})

    @does(ConsoleAction("client.make", MAY_MANAGE))
    def make(self) -> HttpResponse | None:
        """Make the client and show its first secret.

        :raises Forbidden: the operator is limited to other clients.
        """
        if clients_of(self.request.user) is not None:
            raise Forbidden("You are limited to some clients, so you cannot make a new one.")
        form = SettingsForm(self.request.POST)
        if not form.is_valid():
            return self.render(**self.data() | {"form": form}, status=400)
        made = self.run(
            self.actions()["make"],
            lambda: services.make_client(client_id=self._id(), settings=form.cleaned_data),
            subject=lambda result: result.client,
            done="The client is made.",
        )
        return self._show_secret(made) if made else None

    def _id(self) -> UUID:
        try:
            return UUID(self.request.POST.get("client_id", ""))
        except ValueError:
            return uuid4()

    def _show_secret(self, made: MadeClient) -> HttpResponse:
        return self.render(made=made.client, secret=made.secret)


def _difference(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    """(label, before, after, whether it changes) of each setting, for console/diff.html."""
    rows = []
    for name in SETTINGS:
        was = in_words(name, before[name]) if before else ""
        rows.append((LABELS[name], was, in_words(name, after[name]), was != in_words(name, after[name])))
    return rows

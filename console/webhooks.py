"""Webhooks: a client's endpoints, one endpoint with its deliveries, and the log of all deliveries."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404

from kgen.admin_site.actions import ConsoleAction, on_rows, operator_id
from kgen.admin_site.admin import ReadOnlyAdmin
from kgen.admin_site.navigation import Nav
from kgen.admin_site.pages import ConsolePage, address, does, page
from kgen.admin_site.scope import clients_of, scoped
from kgen.api.request_id import request_id_of
from kgen.clock import database_now
from kgen.errors import Invalid
from kgen.jobs import services as jobs
from kgen.webhooks import services
from kgen.webhooks.catalogue import event_names
from kgen.webhooks.models import WebhookDelivery, WebhookEndpoint
from kgen.webhooks.selectors import (
    all_endpoints,
    disabled_by_product,
    endpoints_of_client,
    failed_deliveries,
    newest_deliveries,
    of_clients,
    wanting_a_person,
)
from kgen.webhooks.signing import OLD_SECRET_SIGNS_FOR, secret_of, still_signing
from users.admin.clients import CLIENT_PAGE
from users.models import Client
from users.selectors import all_clients

MAY_SEE, MAY_MANAGE = "kgen.view_webhooks", "kgen.manage_webhooks"
ENDPOINT_PAGE = "webhook_page"


class ByClient(admin.SimpleListFilter):
    """By client, one of the operator's own."""

    title, parameter_name = "client", "client"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(client.pk), client.name) for client in scoped(all_clients(), request.user, "pk")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        # Only an offered value filters: garbage and other clients' ids filter nothing.
        known = dict(self.lookup_choices)
        return queryset.filter(client_id=self.value()) if self.value() in known else queryset


class ByClientOfEndpoint(ByClient):
    """Deliveries by client."""

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        known = dict(self.lookup_choices)
        return of_clients(queryset, [UUID(self.value())]) if self.value() in known else queryset


class ByEndpoint(admin.SimpleListFilter):
    """Deliveries to one endpoint, which pages link to."""

    title, parameter_name = "endpoint", "endpoint"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        chosen = request.GET.get("endpoint", "")
        return [(chosen, f"endpoint {chosen[:8]}…")] if _uuid(chosen) else []

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        key = _uuid(self.value() or "")
        return queryset.filter(endpoint=key) if key else queryset


class WantsPerson(admin.SimpleListFilter):
    """The deliveries that the home page counts as failed."""

    title, parameter_name = "need", "wants"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("person", "A person: given up in the last week, or failing for 15 minutes")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return wanting_a_person(queryset, database_now()) if self.value() == "person" else queryset


class SwitchedOff(admin.SimpleListFilter):
    """The endpoints that the home page counts as switched off."""

    title, parameter_name = "switched off", "off"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("itself", "By itself: gone, or failing for five days")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return disabled_by_product(queryset) if self.value() == "itself" else queryset


@admin.register(WebhookEndpoint)
class EndpointAdmin(ReadOnlyAdmin):
    """Endpoints of all clients, newest first; one opens on its own page."""

    nav = Nav("Studios", "Webhooks", "webhook", 20)
    permission = MAY_SEE
    page = ENDPOINT_PAGE
    list_display = ["url", "client", "active", "disabled_reason", "disabled_at", "created_at"]
    list_filter = [ByClient, "active", SwitchedOff]
    found_by = ("id",)

    def get_queryset(self, request: HttpRequest) -> Any:
        name = Client.objects.filter(pk=OuterRef("client_id")).values("name")
        return super().get_queryset(request).filter(removed_at=None).annotate(client_name=Subquery(name))

    @admin.display(description="client")
    def client(self, endpoint: WebhookEndpoint) -> str:
        """The client's name."""
        return str(endpoint.client_name)  # type: ignore[attr-defined]


@admin.register(WebhookDelivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """The delivery log, newest first."""

    nav = Nav("Studios", "Deliveries", "outbox", 30)
    permission = MAY_SEE
    client_path = "endpoint__client_id"
    list_display = ["id", "event", "endpoint", "state", "tries", "last_status", "last_error", "delivered_at"]
    list_filter = ["state", WantsPerson, ByClientOfEndpoint, ByEndpoint]
    list_select_related = ["event", "endpoint"]
    found_by = ("id", "event__id")
    search_help_text = "id of the delivery or of its event"
    actions = ["replay"]

    def get_queryset(self, request: HttpRequest) -> Any:
        rows, clients = super().get_queryset(request), clients_of(request.user)
        return rows if clients is None else of_clients(rows, clients)

    @on_rows(ConsoleAction("webhook.replay", MAY_MANAGE), "Deliver once more")
    def replay(self, request: HttpRequest, row: WebhookDelivery, reason: str) -> None:
        """Try again, for three more days."""
        services.replay(client_id=row.client_id, delivery_id=row.pk)


class EndpointForm(forms.Form):
    """The address of an endpoint, and its event types."""

    url = forms.CharField(label="Address (https)", max_length=2000)
    event_types = forms.MultipleChoiceField(
        label="Event types (none ticked: all but tracker.event)",
        required=False,
        choices=[(name, name) for name in event_names()],
        widget=forms.CheckboxSelectMultiple,
    )


@page
class ClientWebhooksPage(ConsolePage):
    """A client's endpoints, and a form for another."""

    route = "studios/clients/<uuid:pk>/webhooks/"
    name = "client_webhooks"
    title = "Webhooks"
    permission = MAY_SEE
    template_name = "console/client_webhooks.html"

    def data(self, **kwargs: Any) -> dict[str, Any]:
        client = get_object_or_404(scoped(Client.objects.all(), self.request.user, "pk"), pk=kwargs["pk"])
        return {"client": client, "endpoints": endpoints_of_client(kwargs["pk"]), "form": EndpointForm()}

    def breadcrumbs(self, **kwargs: Any) -> list[tuple[str, str]]:
        client = self.data(**kwargs)["client"]
        return [("Clients", address("users_client_changelist")), (client.name, address(CLIENT_PAGE, pk=client.pk))]

    @does(ConsoleAction("webhook.add", MAY_MANAGE))
    def add(self, pk: UUID) -> HttpResponse | None:
        """Make an endpoint. Only this answer shows its secret."""
        shown, form = self.data(pk=pk), EndpointForm(self.request.POST)
        if not form.is_valid():
            return self.render(**shown | {"form": form}, status=400)
        made = self.run(
            self.actions()["add"],
            lambda: services.add_endpoint(client_id=pk, **form.cleaned_data),
            subject=lambda endpoint: endpoint,
            done="The endpoint is made.",
        )
        if not made:
            return self.render(**shown | {"form": form}, status=400)
        return self.render(**self.data(pk=pk), secret=secret_of(made.pk, made.secret_version), made=made)


@page
class WebhookPage(ConsolePage):
    """One endpoint: its event types, its secret's age, its newest deliveries."""

    route = "studios/webhooks/<uuid:pk>/"
    name = ENDPOINT_PAGE
    title = "Endpoint"
    permission = MAY_SEE
    template_name = "console/webhook.html"

    def data(self, **kwargs: Any) -> dict[str, Any]:
        endpoint = get_object_or_404(scoped(all_endpoints(), self.request.user), pk=kwargs["pk"])
        client = Client.objects.get(pk=endpoint.client_id)
        still = still_signing(endpoint.replacements, database_now())
        return {
            "endpoint": endpoint,
            "client": client,
            "deliveries": newest_deliveries(endpoint),
            "earlier_secrets": len(still),
            "signing_until": still[0] + OLD_SECRET_SIGNS_FOR if still else None,
        }

    def breadcrumbs(self, **kwargs: Any) -> list[tuple[str, str]]:
        return [("Webhooks", address("kgen_webhookendpoint_changelist"))]

    @does(ConsoleAction("webhook.test", MAY_MANAGE, needs_reason=False))
    def test(self, pk: UUID) -> None:
        """Send a test event, delivered like any other."""
        self._run("test", pk, services.send_test, "A test event is on its way.")

    @does(ConsoleAction("webhook.rotate", MAY_MANAGE))
    def rotate(self, pk: UUID) -> HttpResponse | None:
        """Make a new secret, which only this answer shows. The earlier ones sign beside it for a day."""
        return self._rotate("rotate", pk, revoke_old=False)

    @does(ConsoleAction("webhook.rotate_and_revoke", MAY_MANAGE))
    def rotate_and_revoke(self, pk: UUID) -> HttpResponse | None:
        """Make a new secret, which only this answer shows. The earlier ones sign no more."""
        return self._rotate("rotate_and_revoke", pk, revoke_old=True)

    def _rotate(self, name: str, pk: UUID, *, revoke_old: bool) -> HttpResponse | None:
        sent = self.request.POST.get("version", "")
        seen = int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 10 else 0
        arguments = {"seen": seen, "revoke_old": revoke_old}
        endpoint = self._run(name, pk, services.rotate_secret, "There is a new secret.", **arguments)
        if not endpoint:
            return None
        return self.render(**self.data(pk=pk), secret=secret_of(endpoint.pk, endpoint.secret_version))

    @does(ConsoleAction("webhook.switch_off", MAY_MANAGE))
    def switch_off(self, pk: UUID) -> None:
        """Send no more events, and give up undelivered ones."""
        self._run("switch_off", pk, services.switch_endpoint, "The endpoint is switched off.", active=False)

    @does(ConsoleAction("webhook.switch_on", MAY_MANAGE))
    def switch_on(self, pk: UUID) -> None:
        """Send events again, from now on. Its failures are forgotten."""
        self._run("switch_on", pk, services.switch_endpoint, "The endpoint is switched on.", active=True)

    @does(ConsoleAction("webhook.remove", MAY_MANAGE))
    def remove(self, pk: UUID) -> HttpResponse | None:
        """Remove it for good."""
        client_id = self.data(pk=pk)["endpoint"].client_id
        gone = self._run("remove", pk, services.remove_endpoint, "The endpoint is removed.")
        return HttpResponseRedirect(address("client_webhooks", pk=client_id)) if gone else None

    @does(ConsoleAction("webhook.replay", MAY_MANAGE))
    def replay(self, pk: UUID) -> None:
        """Deliver one event once more."""
        endpoint, delivery_id = self.data(pk=pk)["endpoint"], _uuid(self.request.POST.get("delivery", ""))
        delivery = get_object_or_404(endpoint.deliveries, pk=delivery_id)
        self.run(
            self.actions()["replay"],
            lambda: services.replay(client_id=endpoint.client_id, delivery_id=delivery.pk),
            subject=delivery,
            done="It will be delivered once more.",
        )

    @does(ConsoleAction("webhook.replay_failed", MAY_MANAGE))
    def replay_failed(self, pk: UUID) -> HttpResponse | None:
        """Deliver all that were given up once more, by a job."""
        endpoint = self.data(pk=pk)["endpoint"]

        def call() -> Any:
            failed = failed_deliveries(endpoint, jobs.MOST_ITEMS)
            if not failed:
                raise Invalid("No delivery to this endpoint has failed.")
            return jobs.request_acts(
                operator_id=operator_id(self.request),
                kind="webhooks.replay",
                subjects=failed,
                reason=self.reason,
                request_id=request_id_of(self.request),
            )

        job = self.run(self.actions()["replay_failed"], call, subject=lambda job: job, done="A job delivers them.")
        return HttpResponseRedirect(address("job", pk=job.pk)) if job else None

    def _run(self, name: str, pk: UUID, service: Any, done: str, **arguments: Any) -> Any:
        endpoint = self.data(pk=pk)["endpoint"]
        return self.run(
            self.actions()[name],
            lambda: service(client_id=endpoint.client_id, endpoint_id=endpoint.pk, **arguments),
            subject=endpoint,
            done=done,
        )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None

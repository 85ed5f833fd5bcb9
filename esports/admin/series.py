"""Series: the list, the page of one with its occurrences, and the form for making and changing one."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html

from esports.admin.clocks import lasting, remember_zone, remembered_zone, zone_of
from esports.admin.forms import PartForm, PrizesForm, SeriesForm, WhatForm
from esports.admin.initial_values import typed_terms
from esports.admin.previews import calendar_of, offsets_of
from esports.models import SeriesOccurrence, TournamentSeries
from esports.prizes import fault_of
from esports.selectors.series import occurrences_before, series_by_id
from esports.selectors.templates import template_of_client, templates_of_client
from esports.series import check, words
from esports.services import series as service
from kgen.admin_site.actions import ConsoleAction
from kgen.admin_site.admin import ClientFilter, ReadOnlyAdmin
from kgen.admin_site.moments import moment
from kgen.admin_site.navigation import Nav
from kgen.admin_site.pages import ConsolePage, address, does, page
from kgen.admin_site.scope import may_touch, scoped
from kgen.clock import ClockTimestamp, database_now
from kgen.errors import DomainError, RecordNotFound
from users.selectors import all_clients

SEE, ORGANISE = "esports.view_tournament", "esports.organise_tournament"
LISTED = 30


def state_of(row: TournamentSeries) -> str:
    """The state of the series in a word."""
    if row.deleted_at is not None:
        return "deleted"
    return "active" if row.active else "paused"


@admin.register(TournamentSeries)
class SeriesAdmin(ReadOnlyAdmin):
    """Series, newest first."""

    nav = Nav("Play", "Series", "event_repeat", 20)
    permission = SEE
    told_on = "series_page"
    keyset = ("-created_at",)
    list_display = ["series", "rule", "time_zone", "next_start", "state", "client"]
    list_display_links = None
    list_filter = [("client", ClientFilter), "active"]
    list_before_template = "console/play/series_tools.html"
    search_fields = ["=id", "name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        ahead = SeriesOccurrence.objects.filter(series=OuterRef("pk"), starts_at__gt=ClockTimestamp())
        coming = Subquery(ahead.order_by("starts_at").values("starts_at")[:1])
        rows = super().get_queryset(request).select_related("client")
        return rows.annotate(coming_at=coming)  # type: ignore[no-any-return]

    @admin.display(description="series")
    def series(self, row: TournamentSeries) -> str:
        """The name, as a link to the series' page."""
        return format_html('<a href="{}">{}</a>', address("series_page", pk=row.pk), row.name)

    @admin.display(description="next start")
    def next_start(self, row: Any) -> str:
        """The start of the next tournament."""
        return moment(row.coming_at)

    @admin.display(description="state")
    def state(self, row: TournamentSeries) -> str:
        """The state of the series in a word."""
        return state_of(row)


class OfSeries(ConsolePage):
    """The base of pages about one series."""

    def breadcrumbs(self, **kwargs: Any) -> list[tuple[str, str]]:
        return [("Series", address("esports_tournamentseries_changelist"))]

    def row(self, pk: UUID) -> Any:
        """The series, with its next occurrences.

        :raises Http404: there is none, or its client is outside the operator's limit.
        """
        found = series_by_id(pk)
        if found is None or not may_touch(self.request.user, found.client_id):
            raise Http404
        return found


@page
class SeriesPage(OfSeries):
    """One series: its next occurrences, and the outcome of the past ones."""

    route, name, title = "play/series/<uuid:pk>/", "series_page", "Series"
    permission, template_name = SEE, "console/play/series.html"
    PAUSE = ConsoleAction("series.pause", ORGANISE)
    RESUME = ConsoleAction("series.resume", ORGANISE)
    DELETE = ConsoleAction("series.delete", ORGANISE)

    def data(self, **kwargs: Any) -> dict[str, Any]:
        row = self.row(kwargs["pk"])
        found = occurrences_before(row.pk, _moment(self.request.GET.get("before", "")), LISTED + 1)
        offsets = row.offsets
        return {
            "title": row.name,
            "row": row,
            "state": state_of(row),
            "fault": fault_of(row.template),
            "coming": [words(offsets.timetable(item.starts_at), row.time_zone) for item in row.coming],
            "occurrences": found[:LISTED],
            "further": found[LISTED - 1].starts_at.isoformat() if len(found) > LISTED else None,
            "lengths": [(label, lasting(seconds)) for label, seconds in _lengths(row)],
        }

    @does(PAUSE)
    def pause(self, *, pk: UUID) -> None:
        """Pause the series: it makes no more tournaments."""
        self._switch(self.PAUSE, pk, active=False, done="The series is paused. Its tournaments are unchanged.")

    @does(RESUME)
    def resume(self, *, pk: UUID) -> None:
        """Resume the series. It does not make up for occurrences during the pause."""
        self._switch(self.RESUME, pk, active=True, done="The series is resumed.")

    def _switch(self, action: ConsoleAction, pk: UUID, *, active: bool, done: str) -> None:
        row = self.row(pk)
        self.run(
            action,
            lambda: service.change_series(client_id=row.client_id, uid=str(pk), given={"active": active}),
            subject=row,
            done=done,
        )

    @does(DELETE)
    def delete(self, *, pk: UUID) -> HttpResponse | None:
        """Delete the series for good."""
        row = self.row(pk)
        done = self.run(
            self.DELETE,
            lambda: service.delete_series(client_id=row.client_id, uid=str(pk)),
            subject=row,
            done="The series is deleted. Its tournaments are unchanged.",
        )
        return HttpResponseRedirect(address("esports_tournamentseries_changelist")) if done else None


def _lengths(row: TournamentSeries) -> list[tuple[str, int]]:
    return [
        ("Entries open before the start", row.schedules_before_seconds),
        ("Lobby opens before the start", row.lobby_before_seconds),
        ("Entries close after the start", row.locks_after_seconds),
        ("Ends after the start", row.ends_after_seconds),
        ("Review before prizes are paid", row.template.get("settlement_delay_seconds", 0)),
    ]


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


class Forms:
    """The forms of a series: its rule, terms and prizes. `sent` is the POST data; None for unbound forms."""

    def __init__(self, client_id: UUID, sent: Any, initial: dict[str, Any]) -> None:
        self.when = SeriesForm(sent, initial=initial)
        self.what = WhatForm(sent, initial=initial)
        terms = self.what.given() if self.what.is_bound and self.what.is_valid() else None
        self.prizes = PrizesForm(sent, initial=initial, client_id=client_id, terms=terms)

    def every(self) -> list[PartForm]:
        """The forms, in the order of the page."""
        return [self.when, self.what, self.prizes]

    def is_valid(self) -> bool:
        """Whether all forms are valid. Validates each of them, so that the page shows all faults at once."""
        found = [form.is_valid() for form in self.every()]
        return all(found)

    def given(self) -> dict[str, Any]:
        """The values that the service takes; the forms must be valid."""
        return self.when.given() | self.what.given() | self.prizes.given()

    def refuse(self, refusal: DomainError) -> None:
        """Show the service's faults at their fields."""
        self.when.refuse(
            refusal.extra.get("errors", [{"field": "", "detail": refusal.detail}]),
        )


def initial_of(client_id: UUID, terms: dict[str, Any]) -> dict[str, Any]:
    """A template's terms as initial values of the forms."""
    typed = typed_terms(client_id, terms)
    rows = list(zip(typed.pop("band_reach"), typed.pop("band_pays"), strict=True))
    return {name: texts[0] for name, texts in typed.items() if texts} | {"rows": rows}


class SeriesFormPage(OfSeries):
    """The form of a series, with a live preview of its next occurrences."""

    permission, template_name = ORGANISE, "console/play/series_form.html"

    def form_page(self, client: Any, forms: Forms, *, status: int = 200, **more: Any) -> HttpResponse:
        """The page with its forms."""
        shown = {
            "client": client,
            "forms": forms,
            "form": forms.prizes,
            "zone_known": remembered_zone(self.request) is not None,
        }
        return self.render(status=status, **shown | more)

    def checked(self, client: Any) -> Forms:
        """The posted forms, validated with the service's own rules."""
        forms = Forms(client.pk, self.request.POST, {})
        if forms.is_valid():
            given = forms.when.given()
            try:
                check(calendar_of(given), offsets_of(given), database_now())
            except DomainError as refusal:
                forms.refuse(refusal)
        return forms

    def answer(self, forms: Forms, pk: UUID) -> HttpResponse:
        """Redirect to the series' page and remember the zone."""
        found = HttpResponseRedirect(address("series_page", pk=pk))
        remember_zone(found, forms.when.cleaned_data["time_zone"])
        return found


@page
class NewSeriesPage(SeriesFormPage):
    """A new series, empty or from a template."""

    route, name, title = "play/series/new/", "series_new", "New series"
    CREATE = ConsoleAction("series.create", ORGANISE, needs_reason=False)

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Show the choice of a client, then the form."""
        clients = self._clients()
        client = self._chosen(request.GET.get("client", ""), clients)
        if client is None:
            return self.render(clients=clients, client=None)
        initial: dict[str, Any] = {"time_zone": zone_of(request)}
        template = request.GET.get("template", "")
        if template:
            initial |= initial_of(client.pk, template_of_client(client.pk, _uuid(template)).terms)
        return self.form_page(client, Forms(client.pk, None, initial), clients=clients, **self._templates(client))

    def _clients(self) -> list[Any]:
        return list(scoped(all_clients().filter(active=True), self.request.user, "pk"))

    def _chosen(self, wanted: str, clients: list[Any]) -> Any:
        return next((row for row in clients if str(row.pk) == wanted or len(clients) == 1), None)

    def _templates(self, client: Any) -> dict[str, Any]:
        return {"templates": templates_of_client(client.pk), "template": self.request.GET.get("template", "")}

    @does(CREATE)
    def create(self) -> HttpResponse | None:
        """Make the series."""
        clients = self._clients()
        client = next((row for row in clients if str(row.pk) == self.request.POST.get("client")), None)
        if client is None:
            raise RecordNotFound("Choose a client.")
        forms = self.checked(client)
        made = forms.is_valid() and self.run(
            self.CREATE,
            lambda: service.create_series(client=client, given=forms.given()),
            subject=lambda row: row,
            done=lambda row: f"The series “{row.name}” is made.",
        )
        if not made:
            return self.form_page(client, forms, status=400, clients=clients, **self._templates(client))
        return self.answer(forms, made.pk)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise RecordNotFound() from None


@page
class EditSeriesPage(SeriesFormPage):
    """Changing a series. Tournaments that it has not made yet follow the change."""

    route, name, title = "play/series/<uuid:pk>/edit/", "series_edit", "Change the series"
    CHANGE = ConsoleAction("series.change", ORGANISE)
    example: ClassVar[dict[str, Any]] = {}

    def breadcrumbs(self, **kwargs: Any) -> list[tuple[str, str]]:
        return [*super().breadcrumbs(), (self.row(kwargs["pk"]).name, address("series_page", pk=kwargs["pk"]))]

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Show the form with the series' values."""
        row = self.row(kwargs["pk"])
        forms = Forms(row.client_id, None, initial_of(row.client_id, row.template) | _typed_series(row))
        return self.form_page(row.client, forms, row=row)

    @does(CHANGE)
    def change(self, *, pk: UUID) -> HttpResponse | None:
        """Change the series."""
        row = self.row(pk)
        forms = self.checked(row.client)
        done = forms.is_valid() and self.run(
            self.CHANGE,
            lambda: service.change_series(client_id=row.client_id, uid=str(pk), given=forms.given()),
            subject=row,
            done="The series is changed. Tournaments that exist already are unchanged.",
        )
        if not done:
            return self.form_page(row.client, forms, status=400, row=row)
        return self.answer(forms, pk)


def _typed_series(row: TournamentSeries) -> dict[str, Any]:
    plain = {name: getattr(row, name) for name in ("name", "rule", "time_zone", "first_date", "last_date")}
    lengths = {
        name: lasting(getattr(row, f"{name}_seconds"))
        for name in ("schedules_before", "lobby_before", "locks_after", "ends_after")
    }
    return plain | lengths

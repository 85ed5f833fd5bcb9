"""Live previews of forms: HTML fragments that apply the services' rules."""

from itertools import islice
from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from esports import series
from esports.admin.clocks import sentence
from esports.admin.forecasts import shown_forecast
from esports.admin.forms import PrizesForm, SeriesForm, WhatForm, WhenForm
from esports.selectors.fields import usual_scoring_percent
from esports.series import Calendar, Offsets
from kgen.admin_site.pages import ConsolePage, page
from kgen.admin_site.scope import may_touch
from kgen.clock import database_now
from kgen.errors import DomainError

ORGANISE = "esports.organise_tournament"
SHOWN = 5


class FormPreview(ConsolePage):
    """A fragment computed from the form around it. It writes nothing."""

    permission = ORGANISE

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The fragment of an empty form."""
        return self.post(request)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The fragment."""
        return TemplateResponse(request, self.template_name, self.data())


@page
class TimesPreview(FormPreview):
    """The timetable as a sentence."""

    route, name, title = "play/preview/times/", "preview_times", "Times"
    template_name = "console/play/preview_times.html"

    def data(self, **kwargs: Any) -> dict[str, Any]:
        form = WhenForm(self.request.POST, now=database_now())
        if not form.is_valid() or form.times is None:
            return {"refusals": refusals_of(form)}
        zone, delay = form.cleaned_data["time_zone"], form.cleaned_data["settlement_delay"]
        return {"sentence": sentence(form.times, now=form.now, zone=zone, delay_seconds=delay)}


class TermsOf(forms.Form):
    """The terms on which prizes depend."""

    client = forms.UUIDField()
    buy_in_price = WhatForm.base_fields["buy_in_price"]
    tournament_size = WhatForm.base_fields["tournament_size"]
    min_participants = WhatForm.base_fields["min_participants"]


@page
class PrizesPreview(FormPreview):
    """The house's result by field size, and the rounding of a sample field."""

    route, name, title = "play/preview/prizes/", "preview_prizes", "Prizes"
    template_name = "console/play/forecast.html"

    def data(self, **kwargs: Any) -> dict[str, Any]:
        terms = TermsOf(self.request.POST)
        if not terms.is_valid():
            return {"offer": None, "refusals": ["Enter the buy-in, the seats and the fewest gamers first."]}
        client_id: UUID = terms.cleaned_data.pop("client")
        if not may_touch(self.request.user, client_id):
            raise Http404
        form = PrizesForm(self.request.POST, client_id=client_id, terms=terms.cleaned_data)
        form.is_valid()
        return shown_forecast(form, usual_scoring_percent(client_id))


@page
class SeriesPreview(FormPreview):
    """The next occurrences of a series, in words."""

    route, name, title = "play/preview/series/", "preview_series", "Occurrences"
    template_name = "console/play/preview_series.html"

    def data(self, **kwargs: Any) -> dict[str, Any]:
        form = SeriesForm(self.request.POST)
        form.fields["name"].required = False
        if not form.is_valid():
            return {"refusals": refusals_of(form)}
        given = form.given()
        calendar, offsets = calendar_of(given), offsets_of(given)
        now = database_now()
        try:
            series.check(calendar, offsets, now)
        except DomainError as refusal:
            form.refuse(refusal.extra["errors"])
            return {"refusals": refusals_of(form)}
        moments = islice(calendar.after(now), SHOWN)
        return {"coming": [series.words(offsets.timetable(moment), calendar.time_zone) for moment in moments]}


def calendar_of(given: dict[str, Any]) -> Calendar:
    """The calendar in a series form's values."""
    return Calendar(*(given[name] for name in ("rule", "time_zone", "first_date", "last_date")))


def offsets_of(given: dict[str, Any]) -> Offsets:
    """The offsets of a series' other times from its start, in a series form's values."""
    return Offsets(
        given["schedules_before_seconds"],
        given["lobby_before_seconds"],
        given["locks_after_seconds"],
        given["ends_after_seconds"],
    )


def refusals_of(form: forms.BaseForm) -> list[str]:
    """A form's faults, each with its field's label, without missing values, which the operator may still type."""
    found = []
    for name, faults in form.errors.as_data().items():
        label = form.fields[name].label if name in form.fields else None
        details = [text for fault in faults if fault.code != "required" for text in fault.messages]
        found += [f"{label}: {text}" if label else text for text in details]
    return found

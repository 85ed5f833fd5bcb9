"""The wizard: a tournament in four steps, kept as the operator's draft until it is published."""

from typing import Any, ClassVar
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.utils.datastructures import MultiValueDict

from esports import lifecycle, series
from esports.admin import forecasts, initial_values
from esports.admin.addresses import number_of, tournament_address
from esports.admin.clocks import remember_zone, remembered_zone, sentence, zone_of
from esports.admin.forms import PartForm, PrizesForm, WhatForm, WhenForm, typed_into
from esports.models import TournamentDraft
from esports.selectors.fields import usual_scoring_percent
from esports.selectors.templates import draft_of, open_drafts, template_of_client, templates_of_client
from esports.services import drafting, templates
from kgen.admin_site.actions import ConsoleAction
from kgen.admin_site.navigation import Nav
from kgen.admin_site.pages import ConsolePage, address, does, page
from kgen.admin_site.scope import may_touch, scoped
from kgen.clock import database_now
from kgen.errors import RecordNotFound
from users.selectors import all_clients

ORGANISE = "esports.organise_tournament"
STEPS = {"what": "What", "when": "When", "prizes": "Prizes", "review": "Review"}
FORMS: dict[str, type[PartForm]] = {"what": WhatForm, "when": WhenForm, "prizes": PrizesForm}


@page
class WizardStartPage(ConsolePage):
    """The choice of a client and a template."""

    route, name, title = "play/wizard/", "wizard", "New tournament"
    permission, template_name = ORGANISE, "console/play/start.html"
    nav = Nav("Play", "New tournament", "add_circle", 11)

    def data(self, **kwargs: Any) -> dict[str, Any]:
        clients = list(scoped(all_clients().filter(active=True), self.request.user, "pk"))
        wanted = self.request.GET.get("client", "")
        chosen = next((row for row in clients if str(row.pk) == wanted or len(clients) == 1), None)
        drafts = open_drafts(number_of(self.request.user))[: drafting.MOST_KEPT]
        return {
            "clients": clients,
            "chosen": chosen,
            "templates": templates_of_client(chosen.pk) if chosen else [],
            "drafts": [row for row in drafts if may_touch(self.request.user, row.client_id)],
        }

    @does(ConsoleAction("tournament.draft", ORGANISE, needs_reason=False))
    def begin(self) -> HttpResponse | None:
        """Open a draft. It publishes nothing, so the trail gets no entry."""
        client = (
            scoped(all_clients(), self.request.user, "pk").filter(pk=_uuid(self.request.POST.get("client"))).first()
        )
        if client is None:
            raise RecordNotFound("Choose a client.")
        chosen = self.request.POST.get("template")
        fields: drafting.Typed = {}
        if chosen:
            fields = initial_values.typed_terms(client.pk, template_of_client(client.pk, _uuid(chosen)).terms)
        draft = drafting.open_draft(operator_id=number_of(self.request.user), client_id=client.pk, fields=fields)
        return HttpResponseRedirect(address("wizard_step", pk=draft.pk, step="what"))


def _uuid(text: str | None) -> UUID:
    try:
        return UUID(text or "")
    except ValueError:
        raise RecordNotFound() from None


class Draft:
    """A draft with its forms, filled with the saved texts."""

    def __init__(self, row: TournamentDraft, zone: str) -> None:
        self.row, self.zone, self.now = row, zone, database_now()
        self.what = WhatForm(**self._typed(WhatForm))
        self.when = WhenForm(**self._typed(WhenForm, time_zone=zone), now=self.now)
        terms = self.what.given() if self.what.is_bound and self.what.is_valid() else None
        self.prizes = PrizesForm(**self._typed(PrizesForm), client_id=row.client_id, terms=terms)

    def _typed(self, form: type[PartForm], **initial: Any) -> dict[str, Any]:
        """The form's arguments: the saved texts as data if the step was completed, otherwise as initial values."""
        fields = self.row.fields
        if all(name in fields for name, field in form.base_fields.items() if field.required):
            return {"data": MultiValueDict(fields)}
        known = {name: fields[name][0] for name in form.base_fields if fields.get(name)}
        return {"initial": initial | known}

    @property
    def forms(self) -> dict[str, PartForm]:
        """The forms by their steps."""
        return {"what": self.what, "when": self.when, "prizes": self.prizes}

    def lacking(self) -> str | None:
        """The first step with an invalid form; None if all are valid."""
        return next((step for step, form in self.forms.items() if not form.is_valid()), None)

    def given(self) -> dict[str, Any]:
        """The values that the service takes; every form must be valid."""
        values = self.what.given() | self.when.given() | self.prizes.given()
        assert self.when.times is not None, "a valid form has its times"
        zone = self.when.cleaned_data["time_zone"]
        return values | {"title": series.title_at(values["title"], self.when.times.starts_at, zone)}

    def terms(self) -> dict[str, Any]:
        """The values that a template keeps: all but the times."""
        values = self.what.given() | self.when.given() | self.prizes.given()
        return {name: value for name, value in values.items() if name not in lifecycle.TIMES}


@page
class WizardStepPage(ConsolePage):
    """One step of a draft."""

    route, name, title = "play/wizard/<uuid:pk>/<str:step>/", "wizard_step", "New tournament"
    permission, template_name = ORGANISE, "console/play/step.html"
    example: ClassVar[dict[str, Any]] = {"step": "what"}
    PUBLISH = ConsoleAction("tournament.create", ORGANISE, needs_reason=False)
    SAVE_TEMPLATE = ConsoleAction("template.save", ORGANISE, needs_reason=False)

    def breadcrumbs(self, **kwargs: Any) -> list[tuple[str, str]]:
        return [(WizardStartPage.title, address("wizard"))]

    def get(self, request: Any, **kwargs: Any) -> HttpResponse:
        """Show the step. The review redirects to the first invalid step, and a published draft to its tournament."""
        draft = self._draft(kwargs["pk"])
        if draft.row.tournament_id is not None:
            return HttpResponseRedirect(tournament_address(draft.row.tournament_id))
        step = kwargs["step"]
        lacking = draft.lacking() if step == "review" else None
        if lacking:
            return HttpResponseRedirect(self._at(kwargs["pk"], lacking))
        return self._show(draft, step)

    def _draft(self, pk: UUID) -> Draft:
        row = draft_of(number_of(self.request.user), pk)
        if not may_touch(self.request.user, row.client_id):
            raise Http404
        return Draft(row, zone_of(self.request))

    def _at(self, pk: UUID, step: str) -> str:
        return address("wizard_step", pk=pk, step=step)

    def _show(self, draft: Draft, step: str, status: int = 200) -> HttpResponse:
        if step not in STEPS:
            raise Http404
        shown = {
            "title": STEPS[step],
            "draft": draft.row,
            "step": step,
            "steps": [(name, title, self._at(draft.row.pk, name)) for name, title in STEPS.items()],
            "form": draft.forms.get(step),
            "zone_known": remembered_zone(self.request) is not None,
            "terms": draft.prizes.terms,
            "currency": draft.row.client.currency,
        }
        return self.render(status=status, **shown | (self._review(draft) if step == "review" else {}))

    def _review(self, draft: Draft) -> dict[str, Any]:
        assert draft.when.times is not None, "the review needs valid forms"
        zone = draft.when.cleaned_data["time_zone"]
        timetable = sentence(
            draft.when.times,
            now=draft.now,
            zone=zone,
            delay_seconds=draft.when.cleaned_data["settlement_delay"],
        )
        return forecasts.shown_forecast(draft.prizes, usual_scoring_percent(draft.row.client_id)) | {
            "sentence": timetable,
            "given": draft.given(),
            "facts": _facts(draft),
        }

    @does(ConsoleAction("tournament.draft", ORGANISE, needs_reason=False))
    def save(self, *, pk: UUID, step: str) -> HttpResponse:
        """Save the step. Go on if it is valid; going back needs no valid step."""
        if step not in FORMS:
            raise Http404
        self._draft(pk)
        me = number_of(self.request.user)
        row = drafting.keep_draft(operator_id=me, draft_id=pk, fields=typed_into(FORMS[step], self.request.POST))
        draft = Draft(draft_of(me, row.pk), zone_of(self.request))
        form, going = draft.forms[step], self.request.POST.get("go", "next")
        names = list(STEPS)
        if going != "back" and not form.is_valid():
            return self._show(draft, step, status=400)
        neighbour = names[max(0, names.index(step) + (-1 if going == "back" else 1))]
        answer = HttpResponseRedirect(self._at(pk, neighbour))
        if step == "when" and form.is_valid():
            remember_zone(answer, form.cleaned_data["time_zone"])
        return answer

    @does(PUBLISH)
    def publish(self, *, pk: UUID, step: str) -> HttpResponse | None:
        """Publish the draft as a tournament."""
        draft = self._draft(pk)
        is_published = draft.row.tournament_id is not None
        lacking = None if is_published else draft.lacking()
        if lacking:
            return HttpResponseRedirect(self._at(pk, lacking))
        given = {} if is_published else draft.given()
        made = self.run(
            self.PUBLISH,
            lambda: drafting.publish_draft(
                operator_id=number_of(self.request.user),
                draft_id=pk,
                client=draft.row.client,
                given=given,
            ),
            subject=lambda current: current.tournament,
            done=lambda current: f"{current.tournament.title} is published.",
        )
        return HttpResponseRedirect(tournament_address(made.tournament.pk)) if made else None

    @does(SAVE_TEMPLATE)
    def template(self, *, pk: UUID, step: str) -> HttpResponse | None:
        """Save the draft's terms as a template."""
        draft = self._draft(pk)
        lacking = draft.lacking()
        if lacking:
            return HttpResponseRedirect(self._at(pk, lacking))
        self.run(
            self.SAVE_TEMPLATE,
            lambda: templates.save_template(
                client_id=draft.row.client_id, name=self.request.POST.get("name", ""), terms=draft.terms()
            ),
            subject=lambda row: row,
            done=lambda row: f"The template “{row.name}” is saved.",
        )
        return None

    @does(ConsoleAction("tournament.draft", ORGANISE, needs_reason=False))
    def discard(self, *, pk: UUID, step: str) -> HttpResponse:
        """Discard the draft, after a page that shows what is lost."""
        if self.request.POST.get("sure") != "yes":
            draft = self._draft(pk)
            back = self._at(pk, step if step in STEPS else "what")
            return self.render(title="Throw the draft away", draft=draft.row, lost=_typed_so_far(draft), back=back)
        drafting.drop_draft(operator_id=number_of(self.request.user), draft_id=pk)
        return HttpResponseRedirect(address("wizard"))


def _typed_so_far(draft: Draft) -> list[tuple[str, Any]]:
    """(label, value) of the draft's saved steps."""
    kept = draft.row.fields
    return [row for form in draft.forms.values() if any(name in kept for name in form.fields) for row in _shown(form)]


def _facts(draft: Draft) -> list[tuple[str, Any]]:
    """(label, value) of terms and prizes; the sentence shows the times."""
    return [*_shown(draft.what), *_shown(draft.prizes)]


def _shown(form: PartForm) -> list[tuple[str, Any]]:
    """(label, value) of a form's filled-in fields."""
    rows = []
    for bound in form:
        if bound.name in ("kind", "sample_field", "scoring_percent"):
            continue
        value = bound.value()
        named = dict(getattr(bound.field, "choices", []))
        rows.append((str(bound.label), named.get(value, value)))
    return [(label, value) for label, value in rows if value not in ("", None)]

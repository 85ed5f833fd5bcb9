"""Cloning, extending, ending and cancelling a tournament. Each page first shows its exact effects."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from esports import forecast, lifecycle
from esports.admin.addresses import number_of, tournament_address
from esports.admin.clocks import lasting, remember_zone, shown, typed, zone_of
from esports.admin.fields import WallClock
from esports.admin.forms import ZoneForm
from esports.admin.initial_values import moved_times, terms_of, typed_terms
from esports.admin.tournament import OfTournament
from esports.forecast import Offer
from esports.models import Tournament
from esports.selectors.fields import ranked_of, refunds_of
from esports.selectors.tournaments import TournamentAt
from esports.services import drafting
from esports.services.cancelling import REFUNDS_AT_ONCE, cancel_once
from esports.services.ending import end_tournament
from esports.services.organising import change_tournament
from kgen.admin_site.actions import ConsoleAction
from kgen.admin_site.pages import address, does, page
from kgen.errors import DomainError

ORGANISE = "esports.organise_tournament"
CANCEL = "esports.cancel_tournament"


class ChangePage(OfTournament):
    """A page with one action on a tournament and a preview of its effects."""

    permission = ORGANISE

    def breadcrumbs(self, **kwargs: Any) -> list[tuple[str, str]]:
        row = self.current(kwargs["pk"]).tournament
        return [("Tournaments", address("esports_tournament_changelist")), (row.title, tournament_address(row.pk))]

    def facts(self, found: TournamentAt) -> dict[str, Any]:
        """The template context that these pages share."""
        zone = zone_of(self.request)
        row = found.tournament
        return {
            "row": row,
            "current": found,
            "back": tournament_address(row.pk),
            "zone": zone,
            "ends": shown(row.ends_at, zone),
            "locks": shown(row.locks_at, zone),
            "starts": shown(row.starts_at, zone),
            "is_open": row.cancelled_at is None and found.now < row.ends_at,
        }


@page
class ClonePage(ChangePage):
    """Makes a draft with a tournament's terms and its times, some weeks later."""

    route, name, title = "play/tournaments/<uuid:pk>/clone/", "tournament_clone", "Clone"
    template_name = "console/play/clone.html"

    def data(self, **kwargs: Any) -> dict[str, Any]:
        found = self.current(kwargs["pk"])
        row = found.tournament
        return self.facts(found) | {"is_moved": row.timetable != row.original_timetable}

    @does(ConsoleAction("tournament.draft", ORGANISE, needs_reason=False))
    def clone(self, *, pk: UUID) -> HttpResponse:
        """Open the wizard with the terms and times filled in; publish nothing."""
        found = self.current(pk)
        row = found.tournament
        times = moved_times(row, found.now, zone_of(self.request))
        draft = drafting.open_draft(
            operator_id=number_of(self.request.user),
            client_id=row.client_id,
            fields=typed_terms(row.client_id, terms_of(row)) | times,
        )
        return HttpResponseRedirect(address("wizard_step", pk=draft.pk, step="what"))


class ExtendForm(ZoneForm):
    """A later lock, a later end, or both."""

    locks_at = WallClock(label="Entries close", required=False, help_text="Empty: unchanged.")
    ends_at = WallClock(label="Ends", required=False, help_text="Empty: unchanged.")

    def __init__(self, *args: Any, found: TournamentAt, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.row, self.now = found.tournament, found.now
        self.changes: dict[str, datetime] = {}

    def clean(self) -> dict[str, Any]:
        """Accept only times that are later than the present ones and within the service's limits."""
        cleaned: dict[str, Any] = super().clean() or {}
        self.changes = self.moments("locks_at", "ends_at")
        for name, moment in self.changes.items():
            if fault := self._fault(name, moment):
                self.add_error(name, fault)
        if not self.errors and not self.changes:
            self.add_error(None, "Enter a later lock or a later end.")
        if not self.errors:
            self._check_order()
        return cleaned

    def _fault(self, name: str, moment: datetime) -> str:
        present = getattr(self.row, name)
        if moment <= present:
            return "This is not later than the present time."
        if not self.row.seats.ever_taken:
            return ""
        if present <= self.now:
            return "This has passed already."
        latest = latest_of(self.row, name)
        if moment <= latest:
            return ""
        return f"It can be {shown(latest, self.cleaned_data['time_zone'])} at the latest."

    def _check_order(self) -> None:
        try:
            lifecycle.check_order(replace(self.row.timetable, **self.changes), self.now)
        except DomainError as refusal:
            self.refuse(refusal.extra["errors"])


def latest_of(row: Tournament, name: str) -> datetime:
    """The latest value of a time once gamers have joined."""
    original = row.original_timetable
    return lifecycle.extension_limit(original, getattr(original, name))


@page
class ExtendPage(ChangePage):
    """Extending a tournament: choose a later lock or end, preview, confirm."""

    route, name, title = "play/tournaments/<uuid:pk>/extend/", "tournament_extend", "Extend"
    template_name = "console/play/extend.html"
    EXTEND = ConsoleAction("tournament.extend", ORGANISE)

    def data(self, **kwargs: Any) -> dict[str, Any]:
        found = self.current(kwargs["pk"])
        row, zone = found.tournament, zone_of(self.request)
        query = {name: self.request.GET[name] for name in ExtendForm.base_fields if name in self.request.GET}
        initial = {"time_zone": zone, "locks_at": typed(row.locks_at, zone), "ends_at": typed(row.ends_at, zone)}
        form = ExtendForm(self._changed(query, row) if query else None, initial=initial, found=found)
        is_accepted = form.is_bound and form.is_valid()
        return self.facts(found) | {
            "form": form,
            "latest": self._latest(row, zone),
            "effects": self._effects(form, row) if is_accepted else None,
            "zone_known": True,
        }

    def _changed(self, query: dict[str, str], row: Tournament) -> dict[str, str]:
        """The query without the times that equal the present ones, with which the form begins."""
        zone = query.get("time_zone", "")
        form = ZoneForm({"time_zone": zone})
        if not form.is_valid():
            return query
        return {
            name: text for name, text in query.items() if name == "time_zone" or text != typed(getattr(row, name), zone)
        }

    def _latest(self, row: Tournament, zone: str) -> dict[str, str]:
        """The latest value of each time once gamers have joined, as text."""
        return {name: shown(latest_of(row, name), zone) for name in ("locks_at", "ends_at")}

    def _effects(self, form: ExtendForm, row: Tournament) -> list[str]:
        zone = form.cleaned_data["time_zone"]
        words = {"locks_at": "Entries close", "ends_at": "It ends"}
        return [
            f"{words[name]} {shown(moment, zone)} instead of {shown(getattr(row, name), zone)}: "
            f"{lasting(int((moment - getattr(row, name)).total_seconds()))} later."
            for name, moment in form.changes.items()
        ]

    @does(EXTEND)
    def extend(self, *, pk: UUID) -> HttpResponse | None:
        """Extend the tournament."""
        found = self.current(pk)
        row, form = found.tournament, ExtendForm(self.request.POST, found=found)
        if not form.is_valid():
            return self.render(status=400, **self.data(pk=pk) | {"form": form, "effects": None})
        done = self.run(
            self.EXTEND,
            lambda: change_tournament(client=row.client, uid=str(pk), given=form.changes),
            subject=row,
            done="The tournament is extended.",
        )
        if not done:
            return None
        answer = HttpResponseRedirect(tournament_address(pk))
        remember_zone(answer, form.cleaned_data["time_zone"])
        return answer


@page
class EndPage(ChangePage):
    """Ending a tournament now, with the present result as a preview."""

    route, name, title = "play/tournaments/<uuid:pk>/end/", "tournament_end", "End now"
    template_name = "console/play/end.html"
    END = ConsoleAction("tournament.end", ORGANISE)

    def data(self, **kwargs: Any) -> dict[str, Any]:
        found = self.current(kwargs["pk"])
        row, ranked = found.tournament, ranked_of(kwargs["pk"])
        offer = Offer(row.table, row.buy_in_price, row.seats.size, row.min_participants, row.sponsored_amount)
        result = forecast.outcome(offer, row.seats.taken, ranked)
        paid_at = found.now + timedelta(seconds=row.settlement_delay_seconds)
        return self.facts(found) | {
            "is_begun": found.now >= row.starts_at,
            "ranked": ranked,
            "result": result,
            "refunds": None if result.ranked else refunds_of(row.pk),
            "delay": row.settlement_delay_seconds and lasting(row.settlement_delay_seconds),
            "paid": shown(paid_at, zone_of(self.request)),
        }

    @does(END)
    def end(self, *, pk: UUID) -> HttpResponse | None:
        """End the tournament now."""
        row = self.current(pk).tournament
        done = self.run(
            self.END,
            lambda: end_tournament(client_id=row.client_id, uid=str(pk)),
            subject=row,
            done="The tournament has ended. Settlement or refunds follow.",
        )
        return HttpResponseRedirect(tournament_address(pk)) if done else None


@page
class CancelPage(ChangePage):
    """Cancelling with refund; afterwards the progress of the refunds."""

    route, name, title = "play/tournaments/<uuid:pk>/cancel/", "tournament_cancel", "Cancel with refund"
    permission, template_name = CANCEL, "console/play/cancel.html"
    ACTION = ConsoleAction("tournament.cancel", CANCEL)

    def data(self, **kwargs: Any) -> dict[str, Any]:
        found = self.current(kwargs["pk"])
        return self.facts(found) | refunding(found)

    @does(ACTION)
    def cancel(self, *, pk: UUID) -> None:
        """Cancel the tournament. The same transaction books the first refunds; a duty books the others."""
        row = self.current(pk).tournament
        self.run(
            self.ACTION,
            lambda: cancel_once(client_id=row.client_id, uid=str(pk), reason=self.reason),
            subject=row,
            done=lambda done: f"The tournament is cancelled. Refunds that are still to come: {done.refunds_pending:,}.",
        )


@page
class RefundsPage(ChangePage):
    """The progress of the refunds: an HTML fragment that reloads itself until all are booked."""

    route, name, title = "play/tournaments/<uuid:pk>/refunds/", "tournament_refunds", "Refunds"
    permission, template_name = CANCEL, "console/play/refunds.html"

    def get(self, request: Any, **kwargs: Any) -> HttpResponse:
        """The fragment."""
        found = self.current(kwargs["pk"])
        return TemplateResponse(request, self.template_name, {"row": found.tournament} | refunding(found))


def refunding(found: TournamentAt) -> dict[str, Any]:
    """The refunds that are booked and due."""
    refunds = refunds_of(found.tournament.pk)
    return {
        "refunds": refunds,
        "at_once": min(refunds.to_go, REFUNDS_AT_ONCE),
        "percent": 100 if not refunds.total else refunds.gone * 100 // refunds.total,
        "is_done": found.tournament.refunded_at is not None,
    }

"""Cloning, extending, ending and cancelling: each page shows first exactly what it would do."""

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
    """A page that does one thing with a tournament, and tells what that is."""

    permission = ORGANISE

    def breadcrumbs(self, **kwargs: Any) -> list[tuple[str, str]]:
        row = self.current(kwargs["pk"]).tournament
        return [("Tournaments", address("esports_tournament_changelist")), (row.title, tournament_address(row.pk))]

    def facts(self, found: TournamentAt) -> dict[str, Any]:
        """What every such page shows."""
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
    """A new draft with a tournament's terms, and its times some weeks later."""

    route, name, title = "play/tournaments/<uuid:pk>/clone/", "tournament_clone", "Clone"
    template_name = "console/play/clone.html"

    def data(self, **kwargs: Any) -> dict[str, Any]:
        found = self.current(kwargs["pk"])
        row = found.tournament
        return self.facts(found) | {"is_moved": row.timetable != row.original_timetable}

    @does(ConsoleAction("tournament.draft", ORGANISE, needs_reason=False))
    def clone(self, *, pk: UUID) -> HttpResponse:
        """Open the wizard with all of it filled in; nothing is published yet."""
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

    locks_at = WallClock(label="Entries close", required=False, help_text="Empty: as it is.")
    ends_at = WallClock(label="Ends", required=False, help_text="Empty: as it is.")

    def __init__(self, *args: Any, found: TournamentAt, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.row, self.now = found.tournament, found.now
        self.changes: dict[str, datetime] = {}

    def clean(self) -> dict[str, Any]:
        """Times that are later than those that stand, as far as the service lets them be."""
        cleaned: dict[str, Any] = super().clean() or {}
        self.changes = self.moments("locks_at", "ends_at")
        for name, moment in self.changes.items():
            if fault := self._fault(name, moment):
                self.add_error(name, fault)
        if not self.errors and not self.changes:
            self.add_error(None, "Say what is to be later.")
        if not self.errors:
            self._check_order()
        return cleaned

    def _fault(self, name: str, moment: datetime) -> str:
        stands = getattr(self.row, name)
        if moment <= stands:
            return "This is not later than what stands."
        if not self.row.seats.ever_taken:
            return ""
        if stands <= self.now:
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
    """How far a time may go once gamers have joined."""
    original = row.original_timetable
    return lifecycle.extension_limit(original, getattr(original, name))


@page
class ExtendPage(ChangePage):
    """Later entries or a later end: chosen, shown, then done."""

    route, name, title = "play/tournaments/<uuid:pk>/extend/", "tournament_extend", "Extend"
    template_name = "console/play/extend.html"
    EXTEND = ConsoleAction("tournament.extend", ORGANISE)

    def data(self, **kwargs: Any) -> dict[str, Any]:
        found = self.current(kwargs["pk"])
        row, zone = found.tournament, zone_of(self.request)
        asked = {name: self.request.GET[name] for name in ExtendForm.base_fields if name in self.request.GET}
        initial = {"time_zone": zone, "locks_at": typed(row.locks_at, zone), "ends_at": typed(row.ends_at, zone)}
        form = ExtendForm(self._meant(asked, row) if asked else None, initial=initial, found=found)
        is_right = form.is_bound and form.is_valid()
        return self.facts(found) | {
            "form": form,
            "latest": self._latest(row, zone),
            "effects": self._effects(form, row) if is_right else None,
            "zone_known": True,
        }

    def _meant(self, asked: dict[str, str], row: Tournament) -> dict[str, str]:
        """What was asked for without the times that stand already, which the form begins with."""
        zone = asked.get("time_zone", "")
        form = ZoneForm({"time_zone": zone})
        if not form.is_valid():
            return asked
        return {
            name: text for name, text in asked.items() if name == "time_zone" or text != typed(getattr(row, name), zone)
        }

    def _latest(self, row: Tournament, zone: str) -> dict[str, str]:
        """How far each may go once gamers have joined."""
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
        """Move the times."""
        found = self.current(pk)
        row, form = found.tournament, ExtendForm(self.request.POST, found=found)
        if not form.is_valid():
            return self.render(status=400, **self.data(pk=pk) | {"form": form, "effects": None})
        done = self.run(
            self.EXTEND,
            lambda: change_tournament(client=row.client, uid=str(pk), given=form.changes),
            subject=row,
            done="It is extended.",
        )
        if not done:
            return None
        answer = HttpResponseRedirect(tournament_address(pk))
        remember_zone(answer, form.cleaned_data["time_zone"])
        return answer


@page
class EndPage(ChangePage):
    """Ending now, and what that comes to at present."""

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
        """End it."""
        row = self.current(pk).tournament
        done = self.run(
            self.END,
            lambda: end_tournament(client_id=row.client_id, uid=str(pk)),
            subject=row,
            done="It has ended. What follows is on its way.",
        )
        return HttpResponseRedirect(tournament_address(pk)) if done else None


@page
class CancelPage(ChangePage):
    """Cancelling with refund; afterwards how far the refunds are."""

    route, name, title = "play/tournaments/<uuid:pk>/cancel/", "tournament_cancel", "Cancel with refund"
    permission, template_name = CANCEL, "console/play/cancel.html"
    ACT = ConsoleAction("tournament.cancel", CANCEL)

    def data(self, **kwargs: Any) -> dict[str, Any]:
        found = self.current(kwargs["pk"])
        return self.facts(found) | refunding(found)

    @does(ACT)
    def cancel(self, *, pk: UUID) -> None:
        """Cancel it; the first refunds are in the same transaction, the others a duty that workers do."""
        row = self.current(pk).tournament
        self.run(
            self.ACT,
            lambda: cancel_once(client_id=row.client_id, uid=str(pk), reason=self.reason),
            subject=row,
            done=lambda done: f"It is cancelled. Refunds that are still to come: {done.refunds_pending:,}.",
        )


@page
class RefundsPage(ChangePage):
    """How far the refunds are: a piece of a page, which asks for itself again until all are done."""

    route, name, title = "play/tournaments/<uuid:pk>/refunds/", "tournament_refunds", "Refunds"
    permission, template_name = CANCEL, "console/play/refunds.html"

    def get(self, request: Any, **kwargs: Any) -> HttpResponse:
        """The piece."""
        found = self.current(kwargs["pk"])
        return TemplateResponse(request, self.template_name, {"row": found.tournament} | refunding(found))


def refunding(found: TournamentAt) -> dict[str, Any]:
    """What goes back, or has gone back."""
    refunds = refunds_of(found.tournament.pk)
    return {
        "refunds": refunds,
        "at_once": min(refunds.to_go, REFUNDS_AT_ONCE),
        "percent": 100 if not refunds.total else refunds.gone * 100 // refunds.total,
        "is_done": found.tournament.refunded_at is not None,
    }

"""The list of tournaments, and the page of one with its facts, timetable and standings."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from esports.admin.stages import StageFilter
from esports.lifecycle import Status
from esports.models import Tournament
from esports.selectors.search import entitled
from esports.selectors.standings import StandingsSection, participations_of, standing_page
from esports.selectors.statuses import having_status
from esports.selectors.tournaments import TournamentAt, read_tournament, tournament_at, with_clock
from kgen.admin_site.actions import ConsoleAction
from kgen.admin_site.admin import ClientFilter, ReadOnlyAdmin
from kgen.admin_site.days import DaysFilter
from kgen.admin_site.moments import moment
from kgen.admin_site.navigation import Nav
from kgen.admin_site.pages import ConsolePage, address, page
from kgen.admin_site.scope import may_touch
from kgen.api.fields import id_of, is_clean_reference
from kgen.jobs.actions import as_job

CANCEL_MANY = ConsoleAction("tournament.cancel_many", "esports.cancel_tournament")
LINES = 50
FINAL = (Status.COMPLETED, Status.CANCELLED)


class StatusFilter(admin.SimpleListFilter):
    """Filters by the present status."""

    title, parameter_name = "status", "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(status.value, status.value) for status in Status]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return having_status(queryset, Status(value)) if value and value in Status else queryset


@admin.register(Tournament)
class TournamentAdmin(ReadOnlyAdmin):
    """Tournaments with their present status. Ids are in the order of creation."""

    nav = Nav("Play", "Tournaments", "trophy", 10)
    page = "tournament_page"
    list_display = ["title", "status", "field", "stakes", "prize_pool", "starts", "ends", "client"]
    list_filter = [StatusFilter, StageFilter, ("client", ClientFilter), ("starts_at", DaysFilter)]
    list_filter_submit = True
    search_fields = ["title"]  # Only makes the search field appear: get_search_results has the rules.
    search_help_text = "id, part of the title, or its first letters"
    list_before_template = "console/zone_note.html"
    actions = [as_job(CANCEL_MANY, "Cancel with refund, as a job", "tournaments.cancel")]

    class Media:
        js = ["console/moments.js"]

    def get_queryset(self, request: HttpRequest) -> Any:
        # Not by list_select_related, which Django ignores for a query that has select_related already.
        return with_clock(super().get_queryset(request)).select_related("client")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Search by the index of ids or of titles, never by reading all rows."""
        term = search_term.strip()
        if id := id_of(term):
            return queryset.filter(pk=id), False
        return (entitled(queryset, term) if term else queryset), False

    @admin.display(description="status")
    def status(self, row: Any) -> str:
        """The present status."""
        return render_to_string("console/status_mark.html", {"status": tournament_at(row).status.value})

    @admin.display(description="field")
    def field(self, row: Tournament) -> str:
        """The field size and the number of seats."""
        return f"{row.seats.taken:,} / {row.seats.size:,}"

    @admin.display(description="stakes")
    def stakes(self, row: Tournament) -> str:
        """The sum of the stakes."""
        return f"{row.seats.taken * row.buy_in_price:,} {row.currency}"

    @admin.display(description="prize pool")
    def prize_pool(self, row: Tournament) -> str:
        """The sum of the prizes at the present field size; – for a cancelled tournament."""
        if tournament_at(row).status is Status.CANCELLED:
            return "–"
        return f"{row.price_pool():,} {row.currency}"

    @admin.display(description="starts")
    def starts(self, row: Tournament) -> str:
        """The time of the start."""
        return moment(row.starts_at)

    @admin.display(description="ends")
    def ends(self, row: Tournament) -> str:
        """The time of the end."""
        return moment(row.ends_at)


class OfTournament(ConsolePage):
    """The base of pages about one tournament."""

    permission = "esports.view_tournament"

    def current(self, pk: UUID) -> TournamentAt:
        """The tournament with the database's time.

        :raises Http404: there is none, or its client is outside the operator's limit.
        """
        found = read_tournament(pk)
        if found is None or not may_touch(self.request.user, found.tournament.client_id):
            raise Http404
        return found

    def standing(self, found: TournamentAt) -> dict[str, Any]:
        """The context of the standings fragment, which reloads itself."""
        name = self.request.GET.get("part", "")
        part = StandingsSection(name) if name in StandingsSection else StandingsSection.RANKED
        row = found.tournament
        lines = standing_page(row, part, cursor=self.request.GET.get("cursor"), limit=LINES)
        return {
            "current": found,
            "is_live": found.status not in FINAL,
            "is_moving": is_moving(found),
            "part": part.value,
            "standing": lines,
            "stakes": row.seats.taken * row.buy_in_price,
            "is_first": not self.request.GET.get("cursor"),
            "parts": [
                (StandingsSection.RANKED, "Ranked"),
                (StandingsSection.UNSCORED, "Without a score"),
                (StandingsSection.DISQUALIFIED, "Disqualified"),
            ],
        }


@page
class TournamentPage(OfTournament):
    """One tournament: its facts, its timetable as a sentence, its standings, and links to its actions."""

    route = "play/tournaments/<uuid:pk>/"
    name = "tournament_page"
    title = "Tournament"
    template_name = "console/tournament.html"

    def data(self, **kwargs: Any) -> dict[str, Any]:
        found = self.current(kwargs["pk"])
        row = found.tournament
        return self.standing(found) | {
            "title": row.title,
            "tab": "standing",
            "played_until": min(found.now, row.over_at),
            "prize_ranges": row.prize_ranges(),
            "query": self.request.GET.get("q", "").strip(),
            "found_participations": self.found_participations(row),
        }

    def found_participations(self, row: Tournament) -> list[Any]:
        """The participations of the gamer with the searched user id."""
        user_id = self.request.GET.get("q", "").strip()
        return participations_of(row, user_id) if user_id and is_clean_reference(user_id) else []

    def breadcrumbs(self, **kwargs: Any) -> list[tuple[str, str]]:
        return [("Tournaments", address("esports_tournament_changelist"))]


@page
class StandingPage(OfTournament):
    """The standings fragment, which the tournament's page reloads."""

    route = "play/tournaments/<uuid:pk>/standing/"
    name = "tournament_standing"
    title = "Standing"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The fragment; `data-live` says whether it will change, `data-open` whether the tournament is not over."""
        return render(request, "console/tournament_standing.html", self.standing(self.current(kwargs["pk"])))


def is_moving(found: TournamentAt) -> bool:
    """Whether the page changes without an operator: the tournament is not over, or settlement or refunds are due."""
    row = found.tournament
    if found.status is Status.COMPLETED:
        return row.settled_at is None and found.is_ripe
    return found.status is not Status.CANCELLED or row.refunded_at is None

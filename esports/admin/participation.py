"""The page of a participation: its scores, the rulings, and the referee's actions."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404

from esports.admin.timeline import draw
from esports.lifecycle import Status
from esports.models import Participation
from esports.selectors.standings import StandingsLine, line_of, rulings_of, score_of, score_page
from esports.selectors.tournaments import read_tournament
from esports.services import refereeing
from kgen.admin_site.actions import ConsoleAction
from kgen.admin_site.links import ROW_LINKS, RowLink
from kgen.admin_site.names import operator_names
from kgen.admin_site.pages import ConsolePage, address, does, page
from kgen.admin_site.scope import may_touch

SCORES = 100
REFEREE = "esports.referee"
# A score event links to the page of its participation.
ROW_LINKS["esports.scoreevent"] = RowLink("participation_page", "esports.view_tournament", by="participation_id")


@page
class ParticipationPage(ConsolePage):
    """One participation: its standing, its score events, and a referee's actions until settlement."""

    route = "play/participations/<uuid:pk>/"
    name = "participation_page"
    title = "Participation"
    permission = "esports.view_tournament"
    template_name = "console/participation.html"

    DISQUALIFY = ConsoleAction("participation.disqualify", REFEREE)
    REINSTATE = ConsoleAction("participation.reinstate", REFEREE)
    VOID = ConsoleAction("score.void", REFEREE)
    found: StandingsLine | None = None

    def data(self, **kwargs: Any) -> dict[str, Any]:
        line = self.line(kwargs["pk"])
        current = read_tournament(line.participation.tournament_id)
        assert current is not None, "a participation has its tournament"
        scores = score_page(line.participation.pk, cursor=self.request.GET.get("cursor"), limit=SCORES)
        rulings = rulings_of(line.participation.pk)
        names = operator_names([*(row.operator_id for row in rulings), *(row.voided_by for row in scores.rows)])
        undecided = current.tournament.settled_at is None and current.status is not Status.CANCELLED
        return {
            "title": f"Participation of {line.participation.gamer.user_id}",
            "line": line,
            "current": current,
            "scores": [(row, names.get(row.voided_by, "")) for row in scores.rows],
            "next_cursor": scores.next_cursor,
            "chart": draw(scores.rows[::-1], line.participation.score),
            "rulings": [(row, names.get(row.operator_id, "")) for row in rulings],
            "may_rule": undecided and line.participation.left_at is None,
            "is_first": not self.request.GET.get("cursor"),
        }

    def line(self, pk: UUID) -> StandingsLine:
        """The participation with its rank; read once per request.

        :raises Http404: there is none, or its client is outside the operator's limit.
        """
        if self.found is None:
            self.found = line_of(pk)
        if self.found is None or not may_touch(self.request.user, self.found.participation.client_id):
            raise Http404
        return self.found

    def breadcrumbs(self, **kwargs: Any) -> list[tuple[str, str]]:
        participation = self.line(kwargs["pk"]).participation
        above = address("tournament_page", pk=participation.tournament_id)
        return [("Tournaments", address("esports_tournament_changelist")), (participation.tournament.title, above)]

    @does(DISQUALIFY)
    def disqualify(self, *, pk: UUID) -> None:
        """Take the gamer out of the ranking, or propose it: for the last one two operators have to agree."""
        participation = self.line(pk).participation
        self.run(
            self.DISQUALIFY,
            lambda: refereeing.disqualify(participation_id=pk, operator_id=self.me, reason=self.reason),
            subject=participation,
            done=_told,
        )

    @does(REINSTATE)
    def reinstate(self, *, pk: UUID) -> None:
        """Undo a disqualification."""
        participation = self.line(pk).participation
        self.run(
            self.REINSTATE,
            lambda: refereeing.reinstate(participation_id=pk, operator_id=self.me, reason=self.reason),
            subject=participation,
            done="Reinstated: the gamer has the rank of the score and the time it was reached.",
        )

    @does(VOID)
    def void(self, *, pk: UUID) -> None:
        """Void one score: it no longer counts."""
        participation = self.line(pk).participation
        number = self.request.POST.get("event", "")
        event = (
            score_of(participation.pk, int(number))
            if number.isascii() and number.isdigit() and len(number) < 19
            else None
        )
        if event is None:
            messages.error(self.request, "There is no such score.")
            return
        event_id = event.pk
        self.run(
            self.VOID,
            lambda: refereeing.void_score(event_id=event_id, operator_id=self.me, reason=self.reason),
            subject=event,
            done=f"Voided: the score of {event.value:,} counts no more, and the standing is folded again.",
        )

    @property
    def me(self) -> int:
        """The operator's id."""
        assert self.request.user.pk is not None, "the console requires a login"
        return int(self.request.user.pk)


def _told(ruled: Participation) -> str:
    """What a call to disqualify has done."""
    if ruled.disqualified_at is None:
        return "Proposed: this is the last gamer in the ranking, so another operator has to disqualify too."
    return "Disqualified: the gamer has no rank any more, and the gamers behind have moved up."

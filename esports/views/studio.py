"""A studio server's calls about tournaments."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request

from esports.selectors.tournaments import (
    NEWEST_FIRST,
    tournament_at,
    tournament_of_client,
    tournament_page,
    tournaments_of_client,
)
from esports.serializers.tournaments_in import (
    BoardQueryIn,
    BulkScoresIn,
    CancelIn,
    TournamentIn,
    TournamentPatch,
    read_bulk_scores,
)
from esports.serializers.tournaments_out import (
    BulkScoresOut,
    CancelledOut,
    LeaderboardOut,
    TournamentOut,
    cancelled_wire,
    result_wire,
    tournament_wire,
)
from esports.services import cancelling, organising, scoring
from esports.views.boards import (
    BOARD_PARAMETERS,
    BOARD_QUERY,
    BOARD_QUERY_PATH,
    board_answer,
    board_rows_answer,
)
from kgen.api.idempotency import Answer
from kgen.api.json import answer
from kgen.api.pagination import read_limit
from kgen.api.schema import CURSOR, errors, limit_parameter
from kgen.api.views import StudioViewSet

TERMS_ERRORS = ("PRIZE_TABLE_INVALID", "PRIZE_TABLE_INSOLVENT", "INSUFFICIENT_BALANCE")


@extend_schema(tags=["Studio: tournaments"])
class StudioTournamentViewSet(StudioViewSet):
    """A client's tournaments."""

    lookup_url_kwarg = "uid"
    lookup_value_regex = "[^/]+"
    bulk_actions = frozenset({"scores"})
    reading_actions = frozenset({"leaderboard_query"})

    @extend_schema(
        operation_id="studio_tournament_create",
        request=TournamentIn,
        responses={201: TournamentOut, **errors(*TERMS_ERRORS, key=True)},
    )
    def create(self, request: Request) -> HttpResponse:
        """Make a tournament and publish it.

        Defaults: it is scheduled now, or at the earliest given time if that is earlier; it starts with the lobby if
        that is given, else with the schedule; the lobby opens with the start; it locks with the end.
        `min_participants` is 3 (with fewer it is cancelled at its end), `score_order` desc, `score_operator` latest,
        `score_source` any (server for a sum), `prize_table` "default" (multiples of the buy-in: a free tournament
        needs a sponsorship, with fixed prizes or shares), `tie_rule` first_to_reach, `mode` Quick, all others 0 or
        unbounded.
        """
        given = self.parse(TournamentIn)
        return self.perform(
            organising.create_tournament,
            lambda made: Answer(tournament_wire(made), 201),
            client=self.client,
            given=given,
        )

    @extend_schema(
        operation_id="studio_tournaments",
        parameters=[limit_parameter(1000), CURSOR],
        responses={200: TournamentOut(many=True), **errors()},
    )
    def list(self, request: Request) -> HttpResponse:
        """All of the client's tournaments, newest first."""
        page = tournament_page(
            tournaments_of_client(self.client.pk),
            NEWEST_FIRST,
            scope=self.scope(),
            cursor=request.GET.get("cursor"),
            limit=read_limit(request._request, default=1000),
        )
        return self.listing(page, lambda row: tournament_wire(tournament_at(row)))

    @extend_schema(operation_id="studio_tournament", responses={200: TournamentOut, **errors("TOURNAMENT_NOT_FOUND")})
    def retrieve(self, request: Request, uid: str) -> HttpResponse:
        """One tournament."""
        return answer(tournament_wire(tournament_of_client(self.client.pk, uid)))

    @extend_schema(
        operation_id="studio_tournament_change",
        request=TournamentPatch,
        responses={200: TournamentOut, **errors("TOURNAMENT_NOT_FOUND", "WRONG_STATE", *TERMS_ERRORS)},
    )
    def partial_update(self, request: Request, uid: str) -> HttpResponse:
        """Change a tournament as far as its state allows; all or nothing.

        Before the first join ever, every field may change. After it: title and description; size and sponsorship up;
        lock and end later while they have not passed, by at most the original length; the score source to server.
        Equal values are no change. A refusal names the fields in `fields`.
        """
        given = self.parse(TournamentPatch)
        return self.perform(
            organising.change_tournament,
            lambda changed: Answer(tournament_wire(changed)),
            client=self.client,
            uid=uid,
            given=given,
        )

    @extend_schema(
        operation_id="studio_tournament_cancel",
        request=CancelIn,
        responses={200: CancelledOut, **errors("TOURNAMENT_NOT_FOUND", "WRONG_STATE", key=True)},
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, uid: str) -> HttpResponse:
        """Cancel a tournament before its end; every stake is refunded."""
        reason = self.parse(CancelIn).get("reason") or ""
        return self.perform(
            cancelling.cancel_tournament,
            lambda done: Answer(cancelled_wire(done)),
            client_id=self.client.pk,
            uid=uid,
            reason=reason,
        )

    @extend_schema(
        operation_id="studio_scores",
        request=BulkScoresIn,
        responses={200: BulkScoresOut, **errors("TOURNAMENT_NOT_FOUND", key=True)},
    )
    @action(detail=True, methods=["post"])
    def scores(self, request: Request, uid: str) -> HttpResponse:
        """Post up to 1,000 scores in one transaction; the answer has an outcome for each."""
        scores = read_bulk_scores(self.body())
        return self.perform(
            scoring.post_scores,
            lambda results: Answer({"results": [result_wire(result) for result in results]}),
            client_id=self.client.pk,
            uid=uid,
            # The serializer, which names each fault, reads only bodies that may be invalid.
            scores=scores or self.parse(BulkScoresIn)["scores"],
        )

    @extend_schema(
        operation_id="studio_leaderboard",
        parameters=BOARD_PARAMETERS,
        responses={200: LeaderboardOut, **errors("TOURNAMENT_NOT_FOUND")},
    )
    @action(detail=True)
    def leaderboard(self, request: Request, uid: str) -> HttpResponse:
        """The leaderboard."""
        return board_answer(self, tournament_of_client(self.client.pk, uid), None)

    @extend_schema(operation_id="studio_leaderboard_query", **BOARD_QUERY)
    @action(detail=True, methods=["post"], url_path=BOARD_QUERY_PATH)
    def leaderboard_query(self, request: Request, uid: str) -> HttpResponse:
        """The rows of up to 100 gamers, best first; those without a score are left out.

        It changes nothing, so it takes no Idempotency-Key: a repeat shows the leaderboard as it is by then.
        """
        user_ids = self.parse(BoardQueryIn)["user_ids"]
        return board_rows_answer(tournament_of_client(self.client.pk, uid), user_ids)

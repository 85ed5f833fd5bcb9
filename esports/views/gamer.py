"""The calls of a gamer's client."""

from types import MappingProxyType

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request

from esports.filters import ActiveFilter
from esports.selectors.history import history_page, participated_page
from esports.selectors.tournaments import (
    active_tournaments,
    ordering_keys,
    tournament_at,
    tournament_for_gamer,
    tournament_page,
)
from esports.serializers.tournaments_in import BoardQueryIn, JoinIn, ScoreIn
from esports.serializers.tournaments_out import (
    JOINED,
    LEFT,
    SCORED,
    HistoryOut,
    LeaderboardOut,
    TournamentOut,
    history_wire,
    tournament_wire,
)
from esports.services import joining, scoring
from esports.views.boards import (
    AROUND,
    BOARD_PARAMETERS,
    BOARD_QUERY,
    BOARD_QUERY_PATH,
    board_answer,
    board_rows_answer,
)
from kgen.api.idempotency import Answer
from kgen.api.json import answer
from kgen.api.pagination import page_headers, read_limit
from kgen.api.schema import CURSOR, MessageOut, errors, filter_parameters, limit_parameter
from kgen.api.views import GamerViewSet


@extend_schema(tags=["Tournaments"])
class TournamentViewSet(GamerViewSet):
    """A gamer's tournaments: lists, joining, leaving, scores and boards."""

    lookup_url_kwarg = "uid"
    lookup_value_regex = "[^/]+"
    repeatable_parameters = MappingProxyType({"active": frozenset({"status"})})
    reading_actions = frozenset({"leaderboard_query"})

    @extend_schema(
        operation_id="tournaments_active",
        parameters=[*filter_parameters(ActiveFilter), limit_parameter(1000), CURSOR],
        responses={200: TournamentOut(many=True), **errors()},
    )
    @action(detail=False)
    def active(self, request: Request) -> HttpResponse:
        """Tournaments that are scheduled, in the lobby, started or locked."""
        chosen = ActiveFilter(request.GET, queryset=active_tournaments(self.gamer.client_id)).checked()
        page = tournament_page(
            chosen.qs,
            ordering_keys(chosen.chosen_ordering),
            scope=self.scope(*ActiveFilter.base_filters),
            cursor=request.GET.get("cursor"),
            limit=read_limit(request._request, default=1000),
        )
        return self.listing(page, lambda row: tournament_wire(tournament_at(row)))

    @extend_schema(
        operation_id="tournaments_participated",
        parameters=[limit_parameter(1000), CURSOR],
        responses={
            200: OpenApiResponse({"type": "array", "items": {"type": "string", "format": "uuid"}}),
            **errors(),
        },
    )
    @action(detail=False)
    def participated(self, request: Request) -> HttpResponse:
        """Ids of the tournaments that the gamer has joined and not left, newest join first."""
        page = participated_page(
            self.gamer.pk,
            scope=self.scope(),
            cursor=request.GET.get("cursor"),
            limit=read_limit(request._request, default=1000),
        )
        return self.listing(page, lambda row: row.tournament_id)

    @extend_schema(operation_id="tournament", responses={200: TournamentOut, **errors("TOURNAMENT_NOT_FOUND")})
    def retrieve(self, request: Request, uid: str) -> HttpResponse:
        """One tournament."""
        return answer(tournament_wire(tournament_for_gamer(self.gamer.client_id, uid)))

    @extend_schema(
        operation_id="tournament_join",
        request=JoinIn,
        responses={
            200: MessageOut,
            **errors(
                "TOURNAMENT_NOT_FOUND",
                "GAMER_SUSPENDED",
                "TOURNAMENT_IS_NOT_LIVE",
                "TOURNAMENT_INVALID_JOINING_STAKE",
                "EXISTING_PARTICIPATION_FOUND",
                "TOURNAMENT_IS_FULL",
                "INSUFFICIENT_BALANCE",
                key=True,
            ),
        },
    )
    @action(detail=True, methods=["post"])
    def join(self, request: Request, uid: str) -> HttpResponse:
        """Take a seat and pay the stake."""
        stake = self.parse(JoinIn)["joiningStake"]
        return self.perform(
            joining.join_tournament,
            lambda _: Answer(JOINED),
            gamer=self.gamer,
            uid=uid,
            joining_stake=stake,
        )

    @extend_schema(
        operation_id="tournament_leave",
        request=None,
        responses={
            200: MessageOut,
            **errors(
                "TOURNAMENT_NOT_FOUND",
                "GAMER_SUSPENDED",
                "TOURNAMENT_PARTICIPATION_NOT_FOUND",
                "TOURNAMENT_IS_NOT_LIVE",
                "WRONG_STATE",
                key=True,
            ),
        },
    )
    @action(detail=True, methods=["post"])
    def leave(self, request: Request, uid: str) -> HttpResponse:
        """Give the seat up and get the stake back, as long as no score counts."""
        return self.perform(
            joining.leave_tournament,
            lambda _: Answer(LEFT),
            gamer=self.gamer,
            uid=uid,
        )

    @extend_schema(
        operation_id="tournament_score",
        request=ScoreIn,
        responses={
            200: MessageOut,
            **errors(
                "TOURNAMENT_NOT_FOUND",
                "GAMER_SUSPENDED",
                "TOURNAMENT_PARTICIPATION_NOT_FOUND",
                "TOURNAMENT_IS_NOT_LIVE",
                "SCORE_SOURCE_NOT_ALLOWED",
                "SCORE_OUT_OF_RANGE",
                "WRONG_STATE",
                "REFERENCE_REUSED",
                key=True,
            ),
        },
    )
    @action(detail=True, methods=["post"])
    def score(self, request: Request, uid: str) -> HttpResponse:
        """Post a score."""
        given = self.parse(ScoreIn, context={"uid": uid})
        return self.perform(
            scoring.post_score,
            lambda _: Answer(SCORED),
            gamer=self.gamer,
            uid=uid,
            **given,
        )

    @extend_schema(
        operation_id="tournament_leaderboard",
        parameters=[*BOARD_PARAMETERS, AROUND],
        responses={200: LeaderboardOut, **errors("TOURNAMENT_NOT_FOUND")},
    )
    @action(detail=True)
    def leaderboard(self, request: Request, uid: str) -> HttpResponse:
        """The leaderboard, and the gamer's own place."""
        return board_answer(self, tournament_for_gamer(self.gamer.client_id, uid), self.gamer.pk)

    @extend_schema(operation_id="tournament_leaderboard_query", **BOARD_QUERY)
    @action(detail=True, methods=["post"], url_path=BOARD_QUERY_PATH)
    def leaderboard_query(self, request: Request, uid: str) -> HttpResponse:
        """The rows of up to 100 gamers, best first; those without a score are left out.

        It changes nothing, so it takes no Idempotency-Key: a repeat shows the leaderboard as it is by then.
        """
        user_ids = self.parse(BoardQueryIn)["user_ids"]
        return board_rows_answer(tournament_for_gamer(self.gamer.client_id, uid), user_ids)


@extend_schema(tags=["Tournaments"])
class LeaderboardViewSet(GamerViewSet):
    """The leaderboard at its older address."""

    lookup_url_kwarg = "uid"
    lookup_value_regex = "[^/]+"

    @extend_schema(
        operation_id="older_leaderboard",
        parameters=[*BOARD_PARAMETERS, AROUND],
        responses={200: LeaderboardOut, **errors("TOURNAMENT_NOT_FOUND")},
    )
    @action(detail=True)
    def leaderboard(self, request: Request, uid: str) -> HttpResponse:
        """The leaderboard, and the gamer's own place."""
        return board_answer(self, tournament_for_gamer(self.gamer.client_id, uid), self.gamer.pk)


@extend_schema(tags=["Tournaments"])
class StatisticsViewSet(GamerViewSet):
    """How a gamer's tournaments ended."""

    @extend_schema(
        operation_id="history",
        parameters=[limit_parameter(1000), CURSOR],
        responses={200: HistoryOut(many=True), **errors()},
    )
    @action(detail=False)
    def historic(self, request: Request) -> HttpResponse:
        """Ended and cancelled tournaments, newest end first."""
        results, next_cursor = history_page(
            self.gamer.pk,
            scope=self.scope(),
            cursor=request.GET.get("cursor"),
            limit=read_limit(request._request, default=1000),
        )
        headers = page_headers(request._request, next_cursor)
        return answer([history_wire(past) for past in results], headers=headers)

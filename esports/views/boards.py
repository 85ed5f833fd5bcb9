"""The leaderboard, which has three addresses, and its rows of chosen gamers, which have two."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter

from esports.selectors.boards import leaderboard, rows_of
from esports.selectors.tournaments import TournamentAt
from esports.serializers.tournaments_in import BoardQueryIn
from esports.serializers.tournaments_out import BoardRowsOut, leaderboard_wire, row_wire
from kgen.api.json import answer, encode
from kgen.api.pagination import page_headers, read_limit
from kgen.api.revalidation import revalidated
from kgen.api.schema import CURSOR, errors, limit_parameter
from kgen.api.views import ApiViewSet
from kgen.errors import Invalid

AROUND = OpenApiParameter(
    "around",
    {"type": "string", "enum": ["me"]},
    OpenApiParameter.QUERY,
    description="the rows around the gamer's own",
)
BOARD_PARAMETERS = [limit_parameter(100), CURSOR]
BOARD_QUERY: dict[str, Any] = {
    "request": BoardQueryIn,
    "responses": {200: BoardRowsOut, **errors("TOURNAMENT_NOT_FOUND")},
}
BOARD_QUERY_PATH = "leaderboard/query"


def board_answer(view: ApiViewSet, current: TournamentAt, gamer_id: UUID | None) -> HttpResponse:
    """The page of a tournament's leaderboard that the query asks for."""
    request = view.request._request
    around = request.GET.get("around")
    if around not in (None, "me"):
        fault = {"field": "around", "code": "invalid", "detail": "This can only be 'me'."}
        raise Invalid("around can only be 'me'.", errors=[fault])
    board = leaderboard(
        current.tournament,
        gamer_id=gamer_id,
        around_me=around == "me",
        scope=view.scope(),
        cursor=request.GET.get("cursor"),
        limit=read_limit(request, default=100),
    )
    status, body, headers = revalidated(
        encode(leaderboard_wire(board, current)), request.META.get("HTTP_IF_NONE_MATCH")
    )
    headers |= page_headers(request, board.next_cursor)
    return HttpResponse(body, status=status, content_type="application/json", headers=headers)


def board_rows_answer(current: TournamentAt, user_ids: list[str]) -> HttpResponse:
    """The rows of chosen gamers."""
    return answer({"leaderboard": [row_wire(row) for row in rows_of(current.tournament, user_ids)]})

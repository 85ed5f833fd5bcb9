"""The leaderboard call, which has three addresses."""

from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter

from esports.selectors.boards import leaderboard
from esports.selectors.tournaments import TournamentAt
from esports.serializers.tournaments_out import leaderboard_wire
from kgen.api.json import encode
from kgen.api.pagination import page_headers, read_limit
from kgen.api.revalidation import revalidated
from kgen.api.schema import CURSOR, limit_parameter
from kgen.api.views import ApiViewSet
from kgen.errors import Invalid

AROUND = OpenApiParameter(
    "around",
    {"type": "string", "enum": ["me"]},
    OpenApiParameter.QUERY,
    description="the rows around the gamer's own",
)
BOARD_PARAMETERS = [limit_parameter(100), CURSOR]


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

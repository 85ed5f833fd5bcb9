"""The hot calls of play on the fast path: scores, joins, leaves and leaderboards."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from esports.serializers.leaderboard_pages import LeaderboardPage, PageRequest, leaderboard_pages
from esports.serializers.tournaments_in import PlainJoin, PlainScore
from esports.serializers.tournaments_out import JOINED, LEFT, SCORED
from esports.services import joining, scoring
from esports.views.gamer import LeaderboardViewSet, TournamentViewSet
from kgen.api.fields import is_clean_reference
from kgen.api.json import encode
from kgen.api.pagination import limit_of, next_page
from kgen.api.revalidation import revalidated
from kgen.errors import DomainError, Invalid
from kgen.fast_path import ActionLane, FastRequest, FastResponse, NotFastPath, fast_path, plain_id

if TYPE_CHECKING:
    from users.selectors import SessionGamer

USUAL_PAGE = 100


def _message(body: Mapping[str, str]) -> Callable[..., FastResponse]:
    response = FastResponse(encode(body))
    return lambda request, gamer, nothing: response


# Tournament, value and event id.
type _Score = tuple[UUID, int, str | None]


def _prepare_score(request: FastRequest, uid: str) -> _Score:
    given = request.read(PlainScore)
    event_id = given.metadata.eventId
    if not given.is_of(uid):
        raise NotFastPath
    if event_id is not None and not is_clean_reference(event_id):
        raise NotFastPath
    return plain_id(uid), given.payload.score.value, event_id


def _post(calls: "Sequence[tuple[SessionGamer, _Score]]") -> Sequence[DomainError | None]:
    return scoring.post_many(scores=[scoring.GamerScore(gamer, *score) for gamer, score in calls])


fast_path(
    ActionLane(
        TournamentViewSet,
        "score",
        prepare=_prepare_score,
        work=_post,
        render=_message(SCORED),
        # With all waiting calls in one run, the event loop and the database would idle in turn.
        most=80,
    )
)


def _prepare_join(request: FastRequest, uid: str) -> tuple[UUID, int]:
    return plain_id(uid), request.read(PlainJoin).joiningStake


def _join(calls: "Sequence[tuple[SessionGamer, tuple[UUID, int]]]") -> Sequence[DomainError | None]:
    return joining.join_many(
        joins=[joining.Join(gamer, *tournament_and_stake) for gamer, tournament_and_stake in calls]
    )


fast_path(
    ActionLane(
        TournamentViewSet,
        "join",
        prepare=_prepare_join,
        work=_join,
        render=_message(JOINED),
    )
)


def _prepare_leave(request: FastRequest, uid: str) -> UUID:
    # A leave needs no body; one that is sent must still be valid.
    request.object()
    return plain_id(uid)


def _leave(calls: "Sequence[tuple[SessionGamer, UUID]]") -> Sequence[DomainError | None]:
    return joining.leave_many(leaves=[joining.Leave(gamer, tournament_id) for gamer, tournament_id in calls])


fast_path(
    ActionLane(
        TournamentViewSet,
        "leave",
        prepare=_prepare_leave,
        work=_leave,
        render=_message(LEFT),
    )
)


def _prepare_page(request: FastRequest, uid: str) -> PageRequest:
    given = request.parameters()
    limit, around = given.pop("limit", None), given.pop("around", None)
    if given or around not in (None, "me"):
        raise NotFastPath
    try:
        return PageRequest(plain_id(uid), limit_of(limit, USUAL_PAGE), around == "me", request.path)
    except Invalid:
        raise NotFastPath from None


def _pages(calls: "Sequence[tuple[SessionGamer, PageRequest]]") -> Sequence[LeaderboardPage | Exception]:
    return [page or NotFastPath() for page in leaderboard_pages(calls)]


def _render_page(request: FastRequest, gamer: "SessionGamer", page: LeaderboardPage) -> FastResponse:
    status, body, headers = revalidated(page.rest, request.header(b"if-none-match"), after=page.beginning)
    if page.next_cursor is not None:
        query = f"{request.query.decode('latin-1')}&" if request.query else ""
        headers |= next_page(request.path, f"{query}cursor={page.next_cursor}", page.next_cursor)
    return FastResponse(body, status, headers)


for viewset in (TournamentViewSet, LeaderboardViewSet):
    fast_path(ActionLane(viewset, "leaderboard", prepare=_prepare_page, work=_pages, render=_render_page))

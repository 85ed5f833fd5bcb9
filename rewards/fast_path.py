"""Claims on the fast path."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from kgen.api.json import encode
from kgen.errors import DomainError
from kgen.fast_path import ActionLane, FastRequest, FastResponse, NotFastPath, fast_path, plain_id
from rewards.serializers import PlainClaim, claimed_wire
from rewards.services.claiming import Claim, Claimed, claim_many
from rewards.views import ClaimViewSet

if TYPE_CHECKING:
    from users.selectors import SessionGamer

# The ids of the rewards, or the tournament's; neither means all rewards.
type _Claimed = tuple[frozenset[UUID] | None, UUID | None]


def _prepare(request: FastRequest) -> _Claimed:
    # Without a body all rewards are claimed.
    given = request.read(PlainClaim)
    if given.reward_ids is not None and given.tournament_id is not None:
        raise NotFastPath
    reward_ids = None if given.reward_ids is None else frozenset(map(plain_id, given.reward_ids))
    return reward_ids, None if given.tournament_id is None else plain_id(given.tournament_id)


def _claim(calls: "Sequence[tuple[SessionGamer, _Claimed]]") -> Sequence[Claimed | DomainError]:
    return claim_many(claims=[Claim(gamer, *claimed) for gamer, claimed in calls])


def _render(request: FastRequest, gamer: "SessionGamer", done: Claimed) -> FastResponse:
    return FastResponse(encode(claimed_wire(done)))


fast_path(ActionLane(ClaimViewSet, "claim", prepare=_prepare, work=_claim, render=_render))

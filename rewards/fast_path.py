"""Claims, the fast path."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import msgspec

from kgen.api.fields import id_of
from kgen.api.json import encode
from kgen.errors import DomainError
from kgen.fast_path import FastRequest, FastResponse, NotFastPath, fast_path
from rewards.serializers import MOST_NAMED, claimed_wire
from rewards.services.claiming import Claim, Claimed, claim_many
from rewards.views import ClaimViewSet

if TYPE_CHECKING:
    from users.selectors import SessionGamer


class _ClaimBody(msgspec.Struct):
    reward_ids: Annotated[list[str], msgspec.Meta(max_length=MOST_NAMED)] | None = None
    tournament_id: str | None = None


# The rewards that are named, or the tournament; neither is all.
type _ClaimRequest = tuple[frozenset[UUID] | None, UUID | None]


def _prepare(call: FastRequest) -> _ClaimRequest:
    # No body asks for all; one that is sent must be one all the same.
    if not call.body and b"content-type" not in call.headers:
        return None, None
    given = call.read(_ClaimBody)
    if given.reward_ids is not None and given.tournament_id is not None:
        raise NotFastPath
    ids = None if given.reward_ids is None else frozenset(map(_id, given.reward_ids))
    return ids, None if given.tournament_id is None else _id(given.tournament_id)


def _id(text: str) -> UUID:
    known = id_of(text)
    if known is None:
        raise NotFastPath
    return known


def _claim(visits: "Sequence[tuple[SessionGamer, _ClaimRequest]]") -> Sequence[Claimed | DomainError]:
    return claim_many(claims=[Claim(player, *asked) for player, asked in visits])


def _render(player: "SessionGamer", done: Claimed) -> FastResponse:
    return FastResponse(encode(claimed_wire(done)))


fast_path(ClaimViewSet, "claim", prepare=_prepare, work=_claim, render=_render)

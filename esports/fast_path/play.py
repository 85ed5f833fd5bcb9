"""Scores, joins and leaves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import msgspec

from esports.fast_path.paths import tournament_of_path
from esports.serializers.tournaments_out import JOINED, LEFT, SCORED
from esports.services import joining, scoring
from esports.views.gamer import TournamentViewSet
from kgen.api.fields import MAX_INTEGER, is_clean_reference
from kgen.api.json import encode
from kgen.errors import DomainError
from kgen.fast_path import FastRequest, FastResponse, NotFastPath, fast_path

if TYPE_CHECKING:
    from users.selectors import SessionGamer


class _Metadata(msgspec.Struct):
    tournamentId: str
    playerId: Annotated[str, msgspec.Meta(max_length=500)] = ""
    gameId: Annotated[str, msgspec.Meta(max_length=500)] = ""
    eventId: Annotated[str, msgspec.Meta(max_length=128)] | None = None


class _Value(msgspec.Struct):
    value: Annotated[int, msgspec.Meta(ge=-MAX_INTEGER, le=MAX_INTEGER)]


class _Payload(msgspec.Struct):
    score: _Value


class _Score(msgspec.Struct):
    metadata: _Metadata
    payload: _Payload


@dataclass(frozen=True, slots=True)
class _Posted:
    tournament_id: UUID
    value: int
    event_id: str | None


def _prepare_score(call: FastRequest, uid: str) -> _Posted:
    given = call.read(_Score)
    event_id = given.metadata.eventId
    if given.metadata.tournamentId.lower() != uid.lower():
        raise NotFastPath
    if event_id is not None and not is_clean_reference(event_id):
        raise NotFastPath
    return _Posted(tournament_of_path(uid), given.payload.score.value, event_id)


def _post(visits: "Sequence[tuple[SessionGamer, _Posted]]") -> Sequence[DomainError | None]:
    return scoring.post_many(
        scores=[
            scoring.GamerScore(player, posted.tournament_id, posted.value, posted.event_id) for player, posted in visits
        ]
    )


_SCORED = encode(SCORED)

fast_path(
    TournamentViewSet,
    "score",
    prepare=_prepare_score,
    work=_post,
    render=lambda player, nothing: FastResponse(_SCORED),
    # Where everybody who waits is in one run, the loop and the database wait for each other in turn.
    most=80,
)


class _Join(msgspec.Struct):
    joiningStake: Annotated[int, msgspec.Meta(ge=0, le=MAX_INTEGER)]


def _prepare_join(call: FastRequest, uid: str) -> tuple[UUID, int]:
    return tournament_of_path(uid), call.read(_Join).joiningStake


def _join(visits: "Sequence[tuple[SessionGamer, tuple[UUID, int]]]") -> Sequence[DomainError | None]:
    return joining.join_many(
        joins=[joining.Join(player, tournament_id, stake) for player, (tournament_id, stake) in visits]
    )


_JOINED = encode(JOINED)

fast_path(
    TournamentViewSet, "join", prepare=_prepare_join, work=_join, render=lambda player, nothing: FastResponse(_JOINED)
)


def _prepare_leave(call: FastRequest, uid: str) -> UUID:
    # Nothing is asked but where; a body that is sent must be one all the same.
    if call.body or b"content-type" in call.headers:
        call.read(dict[str, Any])
    return tournament_of_path(uid)


def _leave(visits: "Sequence[tuple[SessionGamer, UUID]]") -> Sequence[DomainError | None]:
    return joining.leave_many(leaves=[joining.Leave(player, tournament_id) for player, tournament_id in visits])


_LEFT = encode(LEFT)

fast_path(
    TournamentViewSet, "leave", prepare=_prepare_leave, work=_leave, render=lambda player, nothing: FastResponse(_LEFT)
)

"""The session call on the fast path."""

from collections.abc import Sequence
from typing import Any

from kgen.api.json import encode
from kgen.errors import DomainError
from kgen.fast_path import ActionLane, FastRequest, FastResponse, NotFastPath, fast_path
from users.models import Client
from users.serializers import read_plain_session, session_wire
from users.services import OpenedSession, Opening, open_many
from users.views.sessions import OlderSessionViewSet, SessionViewSet


def _prepare(request: FastRequest) -> tuple[str, dict[str, Any]]:
    session = read_plain_session(request.object())
    if session is None:
        raise NotFastPath
    return session


def _open(calls: Sequence[tuple[Client, tuple[str, dict[str, Any]]]]) -> Sequence[OpenedSession | DomainError]:
    return open_many(openings=[Opening(client, user_id, profile) for client, (user_id, profile) in calls])


def _render(request: FastRequest, client: Client, opened: OpenedSession) -> FastResponse:
    return FastResponse(encode(session_wire(opened)))


for viewset in (SessionViewSet, OlderSessionViewSet):
    fast_path(ActionLane(viewset, "create", prepare=_prepare, work=_open, render=_render))

"""How callers are told on the fast path, and the session call."""

from collections.abc import Sequence
from typing import Any

from kgen.api.fields import LONGEST_TEXT, LONGEST_USER_ID, MAX_INTEGER, is_clean_reference
from kgen.api.json import encode
from kgen.errors import DomainError
from kgen.fast_path import FastRequest, FastResponse, NotFastPath, fast_path
from users.models import PROFILE_NUMBERS, PROFILE_TEXTS, Client
from users.selectors import SessionGamer, client_of_secret, players_of_claims
from users.serializers import session_wire
from users.services import OpenedSession, Opening, note_secret_used, open_many
from users.tokens import OwnClaims, read_own_access
from users.views.sessions import OlderSessionViewSet, SessionViewSet


class GamerAudience:
    """By an access token in one header or the other."""

    def credentials(self, call: FastRequest) -> OwnClaims:
        """The claims of the token, whose signature and time are right.

        :raises NotFastPath: there is not exactly one, or it does not read as ours do.
        """
        token, bearer = call.header(b"user-jwt-token"), call.header(b"authorization")
        if token is None and bearer is not None and bearer.startswith("Bearer "):
            token, bearer = bearer.removeprefix("Bearer "), None
        claims = read_own_access(token) if token is not None and bearer is None else None
        if claims is None:
            raise NotFastPath
        return claims

    def prove(self, offered: Sequence[OwnClaims]) -> Sequence[SessionGamer | None]:
        """The gamers whose sessions live."""
        return players_of_claims([(claims.sid, claims.sub, claims.iss) for claims in offered])


class StudioAudience:
    """By a client's id and secret, under the newest names of their headers."""

    def credentials(self, call: FastRequest) -> tuple[str, str]:
        """Id and secret.

        :raises NotFastPath: one is missing, or comes under an older name.
        """
        client_id, secret = call.header(b"x-client-id"), call.header(b"x-client-secret")
        if client_id is None or secret is None or _OLDER_NAMES & call.headers.keys():
            raise NotFastPath
        return client_id, secret

    def prove(self, offered: Sequence[tuple[str, str]]) -> Sequence[Client | None]:
        """The clients whose secrets they are."""
        return [_client_of(*credentials) for credentials in offered]


def _client_of(client_id: str, secret: str) -> Client | None:
    try:
        client, row = client_of_secret(client_id, secret)
    except DomainError:
        return None
    note_secret_used(row)
    return client


_OLDER_NAMES = frozenset({b"x-clientid", b"x-clientsecret", b"clientid", b"clientsecret"})


def _prepare_session(call: FastRequest) -> tuple[str, dict[str, Any]]:
    """`user_id` and profile of a call whose every field is plainly of its type."""
    given = call.read(dict[str, Any])
    user_id = given.get("user_id")
    if type(user_id) is not str or len(user_id) > LONGEST_USER_ID or not is_clean_reference(user_id):
        raise NotFastPath
    profile = {name: given[name] for name in _PROFILE & given.keys()}
    for name, value in profile.items():
        if name in PROFILE_NUMBERS:
            plain = type(value) is int and abs(value) <= MAX_INTEGER
        else:
            plain = type(value) is str and len(value) <= LONGEST_TEXT
        if not plain:
            raise NotFastPath
    return user_id, profile


def _open(visits: Sequence[tuple[Client, tuple[str, dict[str, Any]]]]) -> Sequence[OpenedSession | DomainError]:
    return open_many(openings=[Opening(client, user_id, profile) for client, (user_id, profile) in visits])


def _render_session(client: Client, opened: OpenedSession) -> FastResponse:
    return FastResponse(encode(session_wire(opened)))


_PROFILE = frozenset([*PROFILE_TEXTS, *PROFILE_NUMBERS])

fast_path(SessionViewSet, "create", prepare=_prepare_session, work=_open, render=_render_session)
fast_path(OlderSessionViewSet, "create", prepare=_prepare_session, work=_open, render=_render_session)

"""Credentials: a gamer's access token, or a client's id and secret. Every fault is the same 401.

The authentications serve the ordinary path. The audiences serve the fast path, many calls at once, and leave to the
ordinary path what they do not accept.
"""

from collections.abc import Sequence

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from kgen.api.cors import SESSION_PATHS
from kgen.api.origins import listed
from kgen.api.throttles import client_address, failed_logins, hit, rate_headers
from kgen.errors import DomainError, TooMany, Unauthorized
from kgen.fast_path.messages import FastRequest, NotFastPath
from users.models import Client, ClientSecret, Gamer, GamerSession, SecretKind
from users.selectors import SessionGamer, client_of_secret, gamers_of_claims, session_of_claims
from users.services import note_secret_used
from users.tokens import OwnClaims, read_access, read_own_access

# Header names in WSGI's spelling, with the older names of the published protocol.
_ID_HEADERS = ("HTTP_X_CLIENT_ID", "HTTP_X_CLIENTID", "HTTP_CLIENTID")
_SECRET_HEADERS = ("HTTP_X_CLIENT_SECRET", "HTTP_X_CLIENTSECRET", "HTTP_CLIENTSECRET")
# The older ones, as requests on the fast path spell them.
_OLDER_NAMES = frozenset({b"x-clientid", b"x-clientsecret", b"clientid", b"clientsecret"})


class GamerAuthentication(BaseAuthentication):
    """`user-jwt-token`, or `Authorization: Bearer`; request.user is the gamer, request.auth the session."""

    def authenticate(self, request: Request) -> tuple[Gamer, GamerSession]:
        """Authenticate a gamer.

        :raises Unauthorized: no token, two different tokens, or a token without a live session.
        """
        session = session_of_claims(read_access(_token(request._request)))
        return session.gamer, session


def _token(request: HttpRequest) -> str:
    offered = set()
    if header := request.META.get("HTTP_USER_JWT_TOKEN"):
        offered.add(header.strip())
    if header := request.META.get("HTTP_AUTHORIZATION"):
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthorized()
        offered.add(token.strip())
    if len(offered) != 1:
        raise Unauthorized()
    return str(offered.pop())


class StudioAuthentication(BaseAuthentication):
    """`x-client-id` and `x-client-secret`; request.user is the client, request.auth the secret."""

    def authenticate(self, request: Request) -> tuple[Client, ClientSecret]:
        """Authenticate a studio's server.

        :raises Unauthorized: missing, contradictory or wrong credentials, a switched-off client, or a secret that does
            not open this call.
        :raises TooMany: the address exceeds its limit of failed logins per minute. Right credentials always pass.
        """
        client_id = _one_of(request._request, _ID_HEADERS)
        secret = _one_of(request._request, _SECRET_HEADERS)
        if not client_id or not secret:
            raise Unauthorized()
        try:
            client, row = client_of_secret(client_id, secret)
        except Unauthorized:
            _count_failure(request._request)
            raise
        if row.kind == SecretKind.SESSIONS and not _opens_session(request):
            raise Unauthorized()
        note_secret_used(row)
        return client, row


def _opens_session(request: Request) -> bool:
    return request.method == "POST" and request._request.path_info in SESSION_PATHS


def _one_of(request: HttpRequest, names: tuple[str, ...]) -> str | None:
    values = {request.META[name] for name in names if name in request.META}
    return values.pop() if len(values) == 1 else None


def _count_failure(request: HttpRequest) -> None:
    window = failed_logins()
    if window is None:
        return
    found = hit(window, client_address(request))
    if not found.allowed:
        request.rate_headers = rate_headers(window, found)  # type: ignore[attr-defined]
        raise TooMany(retry_after=found.reset)


class GamerAudience:
    """Gamers, by an access token in one of the two headers."""

    def credentials(self, request: FastRequest) -> OwnClaims:
        """The claims of the token; its signature and its time are right.

        :raises NotFastPath: there is not exactly one token, or it is not plainly one of ours.
        """
        token, bearer = request.header(b"user-jwt-token"), request.header(b"authorization")
        if token is None and bearer is not None and bearer.startswith("Bearer "):
            token, bearer = bearer.removeprefix("Bearer "), None
        claims = read_own_access(token) if token is not None and bearer is None else None
        if claims is None:
            raise NotFastPath
        return claims

    def prove(self, offered: Sequence[OwnClaims]) -> Sequence[SessionGamer | None]:
        """The gamers; None where the session has ended."""
        return gamers_of_claims([(claims.sid, claims.sub, claims.iss) for claims in offered])

    def page_origins(self, caller: SessionGamer) -> frozenset[str]:
        """The pages that the gamer's client lists."""
        return listed(caller.origins)


class StudioAudience:
    """Studios' servers, by a client's id and secret under the newest names of their headers."""

    def credentials(self, request: FastRequest) -> tuple[str, str]:
        """Id and secret.

        :raises NotFastPath: one is missing, or there is one under an older name.
        """
        client_id, secret = request.header(b"x-client-id"), request.header(b"x-client-secret")
        if client_id is None or secret is None or _OLDER_NAMES & request.headers.keys():
            raise NotFastPath
        return client_id, secret

    def prove(self, offered: Sequence[tuple[str, str]]) -> Sequence[Client | None]:
        """The clients; None for a wrong secret or a switched-off client."""
        return [_client_of(*credentials) for credentials in offered]

    def page_origins(self, caller: Client) -> frozenset[str]:
        """None: a server's secret is not for pages."""
        return frozenset()


def _client_of(client_id: str, secret: str) -> Client | None:
    try:
        client, row = client_of_secret(client_id, secret)
    except DomainError:
        return None
    if row.kind != SecretKind.SERVER:
        # The ordinary path knows what the others open.
        return None
    note_secret_used(row)
    return client

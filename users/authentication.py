"""Authenticates gamers by token and studios' servers by client secret. Every fault is the same 401."""

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from kgen.api.throttles import client_address, failed_logins, hit, rate_headers
from kgen.errors import TooMany, Unauthorized
from users.models import Client, ClientSecret, Gamer, GamerSession
from users.selectors import client_of_secret, session_of_claims
from users.services import note_secret_used
from users.tokens import read_access

# Header names in WSGI's spelling, with the older names of the published protocol.
_ID_HEADERS = ("HTTP_X_CLIENT_ID", "HTTP_X_CLIENTID", "HTTP_CLIENTID")
_SECRET_HEADERS = ("HTTP_X_CLIENT_SECRET", "HTTP_X_CLIENTSECRET", "HTTP_CLIENTSECRET")


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

        :raises Unauthorized: missing, contradictory or wrong credentials, or a switched-off client.
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
        note_secret_used(row)
        return client, row


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

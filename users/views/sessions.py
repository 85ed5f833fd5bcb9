"""Sessions and suspensions over HTTP."""

from typing import cast

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request

from kgen.api.idempotency import Answer
from kgen.api.json import answer
from kgen.api.schema import MessageOut, errors
from kgen.api.views import ApiViewSet, StudioViewSet
from users import services
from users.models import ClientSecret, SecretKind
from users.serializers import (
    ReasonIn,
    RefreshIn,
    SessionIn,
    SessionOut,
    TokensOut,
    UserIdIn,
    session_wire,
    tokens_wire,
)


@extend_schema(tags=["Sessions"])
class SessionViewSet(StudioViewSet):
    """Sessions, opened and ended by the studio's server."""

    takes_idempotency_key = False

    @extend_schema(operation_id="session_open", request=SessionIn, responses={200: SessionOut, **errors()})
    def create(self, request: Request) -> HttpResponse:
        """Open or continue the gamer's session, with new tokens. The first call makes gamer, wallet and bonus."""
        given = self.parse(SessionIn)
        by_page = cast(ClientSecret, request.auth).kind == SecretKind.SESSIONS
        return answer(session_wire(services.open_session(client=self.client, by_page=by_page, **given)))

    @extend_schema(
        operation_id="session_end",
        request=UserIdIn,
        responses={200: MessageOut, **errors("RECORD_NOT_FOUND")},
    )
    def destroy(self, request: Request) -> HttpResponse:
        """End the gamer's session with all its tokens."""
        services.end_session(client=self.client, **self.parse(UserIdIn))
        return answer({"message": "session ended"})


@extend_schema_view(create=extend_schema(operation_id="older_session_open"))
class OlderSessionViewSet(SessionViewSet):
    """The session call at its older address."""


@extend_schema(tags=["Sessions"])
class TokenViewSet(ApiViewSet):
    """A gamer's tokens."""

    takes_idempotency_key = False

    @extend_schema(operation_id="token_refresh", request=RefreshIn, responses={200: TokensOut, **errors()})
    def refresh(self, request: Request) -> HttpResponse:
        """Exchange a refresh token for a new pair."""
        refreshed = services.refresh_tokens(**self.parse(RefreshIn))
        # No credentials in a header: only now is the caller known.
        request._request.caller_origins = refreshed.session.page_origins  # type: ignore[attr-defined]
        return answer(tokens_wire(refreshed.tokens))


@extend_schema(tags=["Studio: gamers"])
class StudioGamerViewSet(StudioViewSet):
    """A studio's actions on one of its gamers."""

    lookup_url_kwarg = "user_id"
    lookup_value_regex = ".+"

    @extend_schema(
        operation_id="gamer_suspend",
        request=ReasonIn,
        responses={200: MessageOut, **errors("RECORD_NOT_FOUND", key=True)},
    )
    @action(detail=True, methods=["post"])
    def suspend(self, request: Request, user_id: str) -> HttpResponse:
        """Suspend a gamer: no playing, claiming or withdrawing."""
        return self.perform(
            services.suspend_gamer,
            lambda _: Answer({"message": "gamer suspended"}),
            client=self.client,
            user_id=user_id,
            **self.parse(ReasonIn),
        )

    @extend_schema(
        operation_id="gamer_lift",
        request=ReasonIn,
        responses={200: MessageOut, **errors("RECORD_NOT_FOUND", key=True)},
    )
    @action(detail=True, methods=["post"])
    def lift(self, request: Request, user_id: str) -> HttpResponse:
        """Lift a gamer's suspension."""
        return self.perform(
            services.lift_suspension,
            lambda _: Answer({"message": "suspension lifted"}),
            client=self.client,
            user_id=user_id,
            **self.parse(ReasonIn),
        )

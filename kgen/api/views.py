"""Base view sets: authentication, the order of checks, and how a service's result becomes an answer."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, cast

from django.conf import settings
from django.http import HttpResponse
from django.utils.module_loading import import_string
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer
from rest_framework.throttling import BaseThrottle
from rest_framework.viewsets import ViewSet

from kgen.api import idempotency
from kgen.api.fields import validated
from kgen.api.idempotency import Answer
from kgen.api.json import answer, read_object
from kgen.api.pagination import Page, list_scope, page_headers
from kgen.api.query import check_not_repeated
from kgen.api.throttles import WindowThrottle
from kgen.errors import MethodNotAllowed

BODY_LIMIT = 64 * 1024
BULK_BODY_LIMIT = 1024 * 1024


class ApiViewSet(ViewSet):
    """A DRF view set with strict parsing, JSON answers, and the contract's order of checks."""

    http_method_names = ["get", "post", "put", "patch", "delete", "head"]
    audience: str | None = None
    takes_idempotency_key = True
    # POST actions that change nothing: a repeat is harmless, and must see what is true by then.
    reading_actions: frozenset[str] = frozenset()
    # Actions whose body may have up to BULK_BODY_LIMIT bytes.
    bulk_actions: frozenset[str] = frozenset()
    # By action: the query parameters that may be repeated, each time with another value.
    repeatable_parameters: Mapping[str, frozenset[str]] = MappingProxyType({})

    def get_authenticators(self) -> list[BaseAuthentication]:
        if self.audience is None:
            return []
        return [import_string(settings.AUTHENTICATION_BY_AUDIENCE[self.audience])()]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[Any, str]:
        return self.get_renderers()[0], "application/json"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # Before authentication: which methods an address supports is no secret.
        if self.action is None:
            self.http_method_not_allowed(request)
        super().initial(request, *args, **kwargs)
        check_not_repeated(request._request, self.repeatable_parameters.get(self.action, frozenset()))

    def perform_authentication(self, request: Request) -> None:
        super().perform_authentication(request)
        request._request.caller_origins = getattr(request.auth, "page_origins", None)  # type: ignore[attr-defined]

    def http_method_not_allowed(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        raise MethodNotAllowed(allow=[name for name in self.allowed_methods if name != "OPTIONS"])

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        # A refusal by another rate limit has set its own headers.
        for name, value in getattr(request._request, "rate_headers", {}).items():
            response.setdefault(name, value)
        response.setdefault("Cache-Control", "no-store")
        return response

    def body(self) -> dict[str, Any]:
        """The request's JSON object, read once.

        :raises Invalid: the body or the Idempotency-Key is malformed.
        """
        if not hasattr(self, "_body"):
            self.idempotency_key()
            limit = BULK_BODY_LIMIT if self.action in self.bulk_actions else BODY_LIMIT
            self._body = read_object(self.request._request, limit)
        return self._body

    def idempotency_key(self) -> str | None:
        """The caller's Idempotency-Key, for calls that take one; otherwise None.

        :raises Invalid: it is malformed.
        """
        return idempotency.key_of(self.request._request) if self.takes_key() else None

    def takes_key(self) -> bool:
        """Whether this call takes an Idempotency-Key."""
        return self.request.method == "POST" and self.takes_idempotency_key and self.action not in self.reading_actions

    def parse(self, serializer: type[BaseSerializer[Any]], **kwargs: Any) -> dict[str, Any]:
        """The body as `serializer` validates it.

        :raises Invalid: with each fault in `errors`.
        """
        return cast(dict[str, Any], validated(serializer(data=self.body(), **kwargs)))

    def query(self, serializer: type[BaseSerializer[Any]]) -> dict[str, Any]:
        """The query string as `serializer` validates it.

        :raises Invalid: with each fault in `errors`.
        """
        return cast(dict[str, Any], validated(serializer(data=self.request.GET.dict())))

    def perform(
        self,
        service: Callable[..., Any],
        render: Callable[[Any], Answer],
        *,
        kept_for_ever: bool = False,
        **arguments: Any,
    ) -> HttpResponse:
        """Call a service, once for the caller's Idempotency-Key, and answer with its rendered result."""
        request = self.request._request
        body, key = self.body(), self.idempotency_key()
        once = None
        if key is not None:
            scope = idempotency.scope_of(self.audience, self.request.user.pk)
            mark = idempotency.fingerprint(str(request.method), request.path_info, body)
            once = idempotency.OnceByKey(idempotency.KeyedRequest(scope, key, mark, kept_for_ever), render)
        return idempotency.run(once, service, render, **arguments)

    def listing(self, page: Page[Any], wire: Callable[[Any], Any]) -> HttpResponse:
        """A page as an array; the headers lead to the next page."""
        headers = page_headers(self.request._request, page.next_cursor)
        return answer([wire(row) for row in page.rows], headers=headers)

    def scope(self, *filters: str) -> str:
        """The name of this list in its cursors; `filters` are the query parameters that shape it."""
        return list_scope(self.request._request, self.request.user.pk, filters)


class GamerViewSet(ApiViewSet):
    """Calls of a gamer's own device, with an access token. `self.gamer` is the gamer."""

    audience = "gamer"

    def get_throttles(self) -> list[BaseThrottle]:
        return [WindowThrottle("gamer")]

    @property
    def gamer(self) -> Any:
        """The gamer who calls."""
        return self.request.user


class StudioViewSet(ApiViewSet):
    """Calls of a studio's server, with its client's secret. `self.client` is the client."""

    audience = "studio"

    def get_throttles(self) -> list[BaseThrottle]:
        return [WindowThrottle("studio")]

    @property
    def client(self) -> Any:
        """The client that calls."""
        return self.request.user

    def find_gamer(self, user_id: str) -> Any:
        """The calling client's gamer with this user id.

        :raises RecordNotFound: the client has no gamer with this id.
        """
        return import_string(settings.GAMER_LOOKUP)(self.client, user_id)

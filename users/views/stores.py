"""The way into a client's store over HTTP."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request

from kgen.api.idempotency import Answer
from kgen.api.schema import errors
from kgen.api.views import GamerViewSet, StudioViewSet
from users import services
from users.serializers import StoreAddressOut, StoreGamerOut, store_gamer_wire


@extend_schema(tags=["Store"])
class StoreViewSet(GamerViewSet):
    """The store, for a gamer's device."""

    @extend_schema(
        operation_id="store_address",
        request=None,
        responses={200: StoreAddressOut, **errors("RECORD_NOT_FOUND", "PHONE_NOT_LINKED", key=True)},
    )
    @action(detail=False, methods=["post"], url_path="generate-redirect-uri")
    def generate_redirect_uri(self, request: Request) -> HttpResponse:
        """Make the store's address with a code that works once, for 60 seconds."""
        return self.perform(services.make_store_address, lambda url: Answer({"url": url}), gamer=self.gamer)


@extend_schema(tags=["Studio: store"])
class StoreCodeViewSet(StudioViewSet):
    """Store codes, for the store's server."""

    lookup_url_kwarg = "code"
    lookup_value_regex = ".+"

    @extend_schema(
        operation_id="store_code_redeem",
        request=None,
        responses={200: StoreGamerOut, **errors("RECORD_NOT_FOUND", key=True)},
    )
    @action(detail=True, methods=["post"])
    def redeem(self, request: Request, code: str) -> HttpResponse:
        """Use a code, once, and learn whose it is."""
        return self.perform(
            services.redeem_store_code,
            lambda gamer: Answer(store_gamer_wire(gamer)),
            client=self.client,
            code=code,
        )

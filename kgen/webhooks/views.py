"""Webhook endpoints over HTTP, for the studio's server."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request

from kgen.api.fields import Flag, RequestBody, Text, id_of
from kgen.api.idempotency import Answer
from kgen.api.json import answer
from kgen.api.schema import MessageOut, errors
from kgen.api.views import StudioViewSet
from kgen.webhooks import services
from kgen.webhooks.catalogue import event_names
from kgen.webhooks.models import DeliveryState, DisabledReason, WebhookDelivery, WebhookEndpoint
from kgen.webhooks.selectors import endpoint_of_client, endpoints_of_client, newest_deliveries
from kgen.webhooks.signing import secret_of


class EndpointIn(RequestBody):
    """The address of an endpoint and the event types it gets; no types means all but tracker.event."""

    url = Text(max_length=2000)
    event_types = serializers.ListField(
        child=serializers.ChoiceField(event_names()), required=False, max_length=len(event_names())
    )


class RotationIn(RequestBody):
    """How a secret is replaced."""

    revoke_old = Flag(required=False, default=False, help_text="true: no earlier secret signs any more")


class DeliveryOut(serializers.Serializer[Any]):
    """A delivery and its last outcome."""

    id = serializers.UUIDField()
    event_id = serializers.CharField()
    event_type = serializers.CharField()
    state = serializers.ChoiceField(DeliveryState.choices)
    tries = serializers.IntegerField()
    last_status = serializers.IntegerField(allow_null=True)
    last_error = serializers.CharField(allow_blank=True)
    delivered_at = serializers.DateTimeField(allow_null=True)


class EndpointOut(serializers.Serializer[Any]):
    """An endpoint."""

    id = serializers.UUIDField()
    url = serializers.CharField()
    event_types = serializers.ListField(child=serializers.CharField(), help_text="empty: all but tracker.event")
    active = serializers.BooleanField(help_text="false: it is switched off and gets no events")
    disabled_reason = serializers.ChoiceField(
        DisabledReason.choices,
        allow_null=True,
        help_text="why it is off: it answered 410, it failed for five days, or an operator has switched it off",
    )
    disabled_at = serializers.DateTimeField(allow_null=True, help_text="when it was switched off, as far as is known")
    failing_since = serializers.DateTimeField(
        allow_null=True, help_text="the first failure after the last success; five days after it the endpoint goes off"
    )
    created_at = serializers.DateTimeField()


class EndpointWithSecretOut(EndpointOut):
    """An endpoint and the secret that signs for it."""

    secret = serializers.CharField(help_text="whsec_…, shown only in this answer")


class EndpointWithDeliveriesOut(EndpointOut):
    """An endpoint and its newest deliveries."""

    deliveries = DeliveryOut(many=True)


def _endpoint_wire(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": endpoint.pk,
        "url": endpoint.url,
        "event_types": endpoint.event_types,
        "active": endpoint.active,
        "disabled_reason": endpoint.disabled_reason or None,
        "disabled_at": endpoint.disabled_at,
        "failing_since": endpoint.failing_since,
        "created_at": endpoint.created_at,
    }


def _secret_wire(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return _endpoint_wire(endpoint) | {"secret": secret_of(endpoint.pk, endpoint.secret_version)}


def _delivery_wire(delivery: WebhookDelivery) -> dict[str, Any]:
    return {
        "id": delivery.pk,
        "event_id": f"evt_{delivery.event_id}",
        "event_type": delivery.event.type,
        "state": delivery.state,
        "tries": delivery.tries,
        "last_status": delivery.last_status,
        "last_error": delivery.last_error,
        "delivered_at": delivery.delivered_at,
    }


@extend_schema(tags=["Studio: webhooks"])
class WebhookViewSet(StudioViewSet):
    """A client's endpoints."""

    lookup_value_regex = "[^/]+"

    @extend_schema(operation_id="webhooks", responses={200: EndpointOut(many=True), **errors()})
    def list(self, request: Request) -> HttpResponse:
        """All endpoints (at most ten)."""
        return answer([_endpoint_wire(endpoint) for endpoint in endpoints_of_client(self.client.pk)])

    @extend_schema(
        operation_id="webhook_add", request=EndpointIn, responses={201: EndpointWithSecretOut, **errors(key=True)}
    )
    def create(self, request: Request) -> HttpResponse:
        """Register an endpoint; only this answer shows its secret."""
        fields = self.parse(EndpointIn)
        return self.perform(
            services.add_endpoint,
            lambda endpoint: Answer(_secret_wire(endpoint), 201),
            client_id=self.client.pk,
            url=fields["url"],
            event_types=fields.get("event_types", []),
        )

    @extend_schema(operation_id="webhook", responses={200: EndpointWithDeliveriesOut, **errors("RECORD_NOT_FOUND")})
    def retrieve(self, request: Request, pk: str) -> HttpResponse:
        """One endpoint with its newest deliveries."""
        endpoint = endpoint_of_client(self.client.pk, id_of(pk))
        deliveries = [_delivery_wire(delivery) for delivery in newest_deliveries(endpoint)]
        return answer(_endpoint_wire(endpoint) | {"deliveries": deliveries})

    @extend_schema(operation_id="webhook_remove", responses={200: MessageOut, **errors("RECORD_NOT_FOUND")})
    def destroy(self, request: Request, pk: str) -> HttpResponse:
        """Remove an endpoint; its pending deliveries fail."""
        services.remove_endpoint(client_id=self.client.pk, endpoint_id=id_of(pk))
        return answer({"message": "webhook removed"})

    @extend_schema(
        operation_id="webhook_test",
        request=None,
        responses={200: DeliveryOut, **errors("RECORD_NOT_FOUND", "WRONG_STATE", key=True)},
    )
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> HttpResponse:
        """Send a test event."""
        return self.perform(
            services.send_test,
            lambda delivery: Answer(_delivery_wire(delivery)),
            client_id=self.client.pk,
            endpoint_id=id_of(pk),
        )

    @extend_schema(
        operation_id="webhook_rotate",
        request=RotationIn,
        responses={200: EndpointWithSecretOut, **errors("RECORD_NOT_FOUND", key=True)},
    )
    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, pk: str) -> HttpResponse:
        """Give the endpoint a new secret; the earlier ones sign as well for a day, unless they are revoked.

        At most five secrets sign at a time.
        """
        return self.perform(
            services.rotate_secret,
            lambda endpoint: Answer(_secret_wire(endpoint)),
            client_id=self.client.pk,
            endpoint_id=id_of(pk),
            revoke_old=self.parse(RotationIn)["revoke_old"],
        )

    @extend_schema(
        operation_id="webhook_enable",
        request=None,
        responses={200: EndpointOut, **errors("RECORD_NOT_FOUND", "WRONG_STATE", key=True)},
    )
    @action(detail=True, methods=["post"])
    def enable(self, request: Request, pk: str) -> HttpResponse:
        """Switch an endpoint on again that was gone or had failed for five days.

        An endpoint that an operator has switched off stays off.
        """
        return self.perform(
            services.enable_endpoint,
            lambda endpoint: Answer(_endpoint_wire(endpoint)),
            client_id=self.client.pk,
            endpoint_id=id_of(pk),
        )


@extend_schema(tags=["Studio: webhooks"])
class DeliveryViewSet(StudioViewSet):
    """Deliveries."""

    lookup_value_regex = "[^/]+"

    @extend_schema(
        operation_id="webhook_replay",
        request=None,
        responses={200: DeliveryOut, **errors("RECORD_NOT_FOUND", "WRONG_STATE", key=True)},
    )
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, pk: str) -> HttpResponse:
        """Deliver an event again."""
        return self.perform(
            services.replay,
            lambda delivery: Answer(_delivery_wire(delivery)),
            client_id=self.client.pk,
            delivery_id=id_of(pk),
        )

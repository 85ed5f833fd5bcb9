"""Webhook events in the OpenAPI document (its section `webhooks`), made from the declared types."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, OpenApiWebhook, extend_schema, inline_serializer
from rest_framework import serializers

from kgen.webhooks.catalogue import TEST, EventType, event_types


def _body(declared: EventType) -> serializers.Serializer[Any]:
    """The body of an event of this type, as `kgen.webhooks.events.body_of` makes it."""
    words = declared.name.replace("_", ".").split(".")
    fields: dict[str, serializers.Field[Any, Any, Any, Any]] = {
        "type": serializers.ChoiceField([declared.name]),
        "timestamp": serializers.DateTimeField(help_text="of the change, not of the delivery"),
        "data": declared.data(),
    }
    return inline_serializer("".join(word.title() for word in words) + "Event", fields)


def _webhook(declared: EventType) -> OpenApiWebhook:
    return OpenApiWebhook(
        declared.name,
        extend_schema(
            operation_id=f"event_{declared.name.replace('.', '_')}",
            summary=declared.summary.rstrip("."),
            description=f"Version {declared.version} of its data.",
            tags=["Studio: webhooks"],
            request=_body(declared),
            responses={
                "2XX": OpenApiResponse(description="received"),
                "410": OpenApiResponse(description="gone: the endpoint is switched off"),
                "429": OpenApiResponse(description="later: `Retry-After` is kept, as for 502, 503 and 504"),
            },
        ),
    )


OPENAPI_WEBHOOKS = [_webhook(declared) for declared in (*event_types(), TEST)]

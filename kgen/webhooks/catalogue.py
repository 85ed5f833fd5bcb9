"""The types of webhook events: each app declares its own, and documents and checks are made from the declarations.

A version of a type's data only ever gains fields. Any other change is a new type, sent beside the old one.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string
from rest_framework import serializers

from kgen.webhooks.models import DISABLED_BY_PRODUCT


@dataclass(frozen=True)
class EventType:
    """A type of event: its name, when it is emitted, and the fields of its `data`."""

    name: str
    summary: str
    data: type[serializers.Serializer[Any]]
    version: int = 1
    # A type of high volume: only endpoints that list it get it.
    listed_only: bool = False


class DisabledData(serializers.Serializer[Any]):
    """An endpoint that was switched off."""

    endpoint_id = serializers.UUIDField()
    reason = serializers.ChoiceField(
        [reason.value for reason in DISABLED_BY_PRODUCT], help_text="gone: it answered 410; failing: for five days"
    )
    failing_since = serializers.DateTimeField(help_text="its first failure after its last success")
    disabled_at = serializers.DateTimeField()


class EndpointData(serializers.Serializer[Any]):
    """The endpoint under test."""

    endpoint_id = serializers.UUIDField()


EVENTS = (
    EventType(
        "webhook.disabled",
        "An endpoint was switched off, because it is gone or has failed for five days; the others hear of it.",
        DisabledData,
    ),
)
# Sent on request only: no endpoint subscribes to it.
TEST = EventType("webhook.test", "The studio or an operator has asked for a test event.", EndpointData)


@cache
def event_types() -> tuple[EventType, ...]:
    """The types that an endpoint can subscribe to, of all apps in settings.WEBHOOK_EVENTS."""
    return tuple(declared for path in settings.WEBHOOK_EVENTS for declared in import_string(path))


@cache
def listed_only() -> frozenset[str]:
    """The names of the types that only endpoints which list them get."""
    return frozenset(declared.name for declared in event_types() if declared.listed_only)


def event_names() -> list[str]:
    """The names of the types that an endpoint can subscribe to."""
    return [declared.name for declared in event_types()]

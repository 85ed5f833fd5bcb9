"""The webhook events of gamers."""

from typing import Any

from rest_framework import serializers

from kgen.webhooks.catalogue import EventType


class LinkedData(serializers.Serializer[Any]):
    """A gamer and the KGeN account behind the linked phone."""

    gamer_id = serializers.UUIDField()
    user_id = serializers.CharField(help_text="the studio's name of the gamer")
    kgen_id = serializers.UUIDField()


class TrackedData(serializers.Serializer[Any]):
    """An event that the game reports about a gamer."""

    gamer_id = serializers.UUIDField()
    user_id = serializers.CharField(help_text="the studio's name of the gamer")
    event_id = serializers.CharField(help_text="the event's name in the game")
    attributes = serializers.DictField(help_text="up to 32 texts and numbers")
    dropped_at = serializers.DateTimeField()


EVENTS = (
    EventType("gamer.linked", "A gamer has linked a phone.", LinkedData),
    EventType(
        "tracker.event",
        "The game has reported an event about a gamer; sent to endpoints that list this type.",
        TrackedData,
        listed_only=True,
    ),
)

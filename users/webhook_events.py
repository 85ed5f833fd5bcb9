"""The webhook events of gamers."""

from typing import Any

from rest_framework import serializers

from kgen.webhooks.catalogue import EventType


class LinkedData(serializers.Serializer[Any]):
    """A gamer and the KGeN account behind the linked phone."""

    gamer_id = serializers.UUIDField()
    user_id = serializers.CharField(help_text="the studio's name of the gamer")
    kgen_id = serializers.UUIDField()


EVENTS = (EventType("gamer.linked", "A gamer has linked a phone.", LinkedData),)

"""The webhook events of settlements and claims."""

from typing import Any

from rest_framework import serializers

from kgen.webhooks.catalogue import EventType


class SettledData(serializers.Serializer[Any]):
    """A settled tournament."""

    tournament_uid = serializers.UUIDField()
    winners = serializers.IntegerField(help_text="gamers with a prize")
    prizes = serializers.IntegerField(help_text="what the prizes add up to")


class ClaimedData(serializers.Serializer[Any]):
    """A reward that its gamer has claimed."""

    reward_id = serializers.UUIDField()
    tournament_uid = serializers.UUIDField()
    gamer_id = serializers.UUIDField()
    user_id = serializers.CharField(help_text="the studio's name of the gamer")
    amount = serializers.IntegerField()


EVENTS = (
    EventType("tournament.settled", "A tournament's prizes are booked; its rewards can be claimed.", SettledData),
    EventType("reward.claimed", "A gamer has claimed a reward; one event for each reward.", ClaimedData),
)

"""The webhook events of withdrawals. `wallet.services.outcomes` emits them, all with the same data."""

from typing import Any

from rest_framework import serializers

from kgen.webhooks.catalogue import EventType


class WithdrawalData(serializers.Serializer[Any]):
    """A withdrawal in the status that it came to."""

    withdrawal_id = serializers.UUIDField()
    gamer_id = serializers.UUIDField()
    user_id = serializers.CharField(help_text="the studio's name of the gamer")
    amount = serializers.IntegerField()
    currency = serializers.CharField()
    status = serializers.ChoiceField(["PAID", "FAILED", "RETURNED"])
    transaction_hash = serializers.CharField(allow_null=True, help_text="of a rail that reports one")


EVENTS = (
    EventType("withdrawal.paid", "A withdrawal is paid.", WithdrawalData),
    EventType("withdrawal.failed", "A withdrawal has failed; the money is back in earned.", WithdrawalData),
    EventType(
        "withdrawal.returned", "A gateway's payout came back after it was paid; the money is in earned.", WithdrawalData
    ),
)

"""Request and response bodies of rewards and results (contract, sections 5 and 8)."""

from typing import Annotated, Any

import msgspec
from rest_framework import serializers

from kgen.api.fields import RequestBody, Text
from rewards.models import Reward, RewardStatus
from rewards.selectors import Claimable, ResultLine
from rewards.services.claiming import Claimed

# The most rewards in one claim.
MOST_NAMED = 1000
# The wire has no holds: a held reward may still be claimed, and a forfeited one no longer.
_SHOWN: dict[str, str] = {RewardStatus.HELD: RewardStatus.UNCLAIMED, RewardStatus.FORFEITED: RewardStatus.EXPIRED}


class ClaimIn(RequestBody):
    """The rewards to claim, by id or by tournament, not both; without either it is all of them."""

    reward_ids = serializers.ListField(child=Text(max_length=100), required=False, max_length=MOST_NAMED)
    tournament_id = Text(max_length=100, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.keys() >= {"reward_ids", "tournament_id"}:
            raise serializers.ValidationError({"tournament_id": ["Give either reward_ids or tournament_id."]})
        return attrs


class PlainClaim(msgspec.Struct):
    """`ClaimIn` as nearly every caller sends it; its reader checks the ids, and that only one member is given."""

    reward_ids: Annotated[list[str], msgspec.Meta(max_length=MOST_NAMED)] | None = None
    tournament_id: str | None = None


class RewardOut(serializers.Serializer[Any]):
    """An unclaimed reward."""

    user_id = serializers.CharField()
    tournament_id = serializers.UUIDField()
    claim_status = serializers.CharField()
    reward = serializers.IntegerField()
    wallet_address = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    reward_id = serializers.UUIDField()
    rank = serializers.IntegerField()


class ClaimableOut(serializers.Serializer[Any]):
    """A gamer's unclaimed rewards: the oldest 1,000, and the totals over all."""

    total_claimable_rewards = serializers.IntegerField(help_text="how many")
    claimable_rewards_info = RewardOut(many=True)
    total_claimable_amount = serializers.IntegerField()


class ClaimedOut(serializers.Serializer[Any]):
    """The rewards that a claim moved."""

    message = serializers.CharField()
    claimed = serializers.IntegerField(help_text="how many")
    amount = serializers.IntegerField()


class ResultOut(serializers.Serializer[Any]):
    """A line of the results."""

    rank = serializers.IntegerField()
    shared_rank = serializers.IntegerField(
        help_text="the rank of the first with this score: equal scores, equal number"
    )
    user_id = serializers.CharField()
    score = serializers.IntegerField()
    reward = serializers.IntegerField()
    claim_status = serializers.CharField(allow_null=True, help_text="null for a rank that wins nothing")
    reward_id = serializers.UUIDField(allow_null=True)


def claimable_wire(found: Claimable, *, user_id: str, wallet_address: str) -> dict[str, Any]:
    """Unclaimed rewards as `ClaimableOut`."""
    return {
        "total_claimable_rewards": found.count,
        "claimable_rewards_info": [_reward_wire(reward, user_id, wallet_address) for reward in found.rewards],
        "total_claimable_amount": found.amount,
    }


def _reward_wire(reward: Reward, user_id: str, wallet_address: str) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "tournament_id": reward.tournament_id,
        "claim_status": reward.status,
        "reward": reward.amount,
        "wallet_address": wallet_address,
        "created_at": reward.created_at,
        "updated_at": reward.updated_at,
        "reward_id": reward.pk,
        "rank": reward.rank,
    }


def claimed_wire(done: Claimed) -> dict[str, Any]:
    """The rewards that a claim moved, as `ClaimedOut`."""
    return {"message": "Rewards claimed successfully", "claimed": done.count, "amount": done.amount}


def result_wire(row: ResultLine, shared_rank: int) -> dict[str, Any]:
    """A line of the results, as `ResultOut`."""
    return {
        "rank": row.rank,
        "shared_rank": shared_rank,
        "user_id": row.user_id,
        "score": row.score,
        "reward": row.prize,
        "claim_status": _SHOWN.get(row.claim_status, row.claim_status) if row.claim_status else None,
        "reward_id": row.reward_id,
    }

"""Settlements, one for each tournament; rewards, one for each winner; and holds."""

from datetime import timedelta

from django.db import models
from django.db.models import Q

from kgen.constraints import CompositeForeignKey


class Settlement(models.Model):
    """The record of a settlement: its inputs, its sums, and the hash of every rank and prize.

    The participations hold the ranks and prizes; `manage.py verify_settlement` recomputes them.
    """

    tournament = models.OneToOneField("esports.Tournament", models.PROTECT, primary_key=True)
    client = models.ForeignKey("users.Client", models.PROTECT)
    inputs = models.JSONField(help_text="all that the ranking depends on besides the score events")
    ranked = models.IntegerField(help_text="gamers with a score")
    winners = models.IntegerField()
    prizes = models.BigIntegerField(help_text="what all winners get together")
    to_house = models.BigIntegerField()
    to_sponsor = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    settled_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(prizes__gte=0, to_house__gte=0, to_sponsor__gte=0), name="settlement_not_negative"
            ),
            models.CheckConstraint(condition=Q(sha256__regex="^[0-9a-f]{64}$"), name="settlement_hash_form"),
            CompositeForeignKey(
                columns=["client_id", "tournament_id"],
                to_table="esports_tournament",
                to_columns=["client_id", "id"],
                name="settlement_tournament_client",
            ),
        ]

    def __str__(self) -> str:
        return f"settlement of {self.tournament_id}"


class RewardStatus(models.TextChoices):
    """UNCLAIMED → CLAIMED, or → EXPIRED if the client lets rewards expire, or → HELD by an operator.

    HELD → UNCLAIMED again, or → FORFEITED. On the wire a held reward is UNCLAIMED, a forfeited one EXPIRED.
    """

    UNCLAIMED = "UNCLAIMED"
    CLAIMED = "CLAIMED"
    EXPIRED = "EXPIRED"
    HELD = "HELD"
    FORFEITED = "FORFEITED"


class Reward(models.Model):
    """A prize that a gamer may claim. The client's rewards_payable account backs it."""

    id = models.UUIDField(primary_key=True, editable=False)
    # The composite keys below imply the simple ones; unique constraints begin with client and tournament.
    client = models.ForeignKey("users.Client", models.PROTECT, db_constraint=False, db_index=False)
    tournament = models.ForeignKey("esports.Tournament", models.PROTECT, db_constraint=False, db_index=False)
    participation = models.OneToOneField("esports.Participation", models.PROTECT, db_constraint=False)
    gamer = models.ForeignKey("users.Gamer", models.PROTECT, db_constraint=False)
    rank = models.IntegerField()
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=12)
    status = models.CharField(max_length=9, choices=RewardStatus.choices, default=RewardStatus.UNCLAIMED)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField(help_text="its status last changed")
    held_for = models.DurationField(
        default=timedelta(0), db_default=timedelta(0), help_text="by holds that are over: no part of its age"
    )

    class Meta:
        indexes = [
            models.Index(
                fields=["gamer", "created_at", "id"], condition=Q(status="UNCLAIMED"), name="rewards_to_claim"
            ),
            models.Index(fields=["client", "created_at"], condition=Q(status="UNCLAIMED"), name="rewards_to_expire"),
            models.Index(fields=["-id"], condition=Q(status="HELD"), name="rewards_held"),
            models.Index(
                fields=["status", "-id"], condition=Q(status__in=["EXPIRED", "FORFEITED"]), name="rewards_gone"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["client", "id"], name="reward_of_client"),
            models.UniqueConstraint(fields=["tournament", "rank"], name="one_reward_per_rank"),
            models.CheckConstraint(condition=Q(amount__gt=0, rank__gte=1), name="reward_positive"),
            models.CheckConstraint(condition=Q(status__in=RewardStatus.values), name="reward_status_known"),
            CompositeForeignKey(
                columns=["client_id", "gamer_id"],
                to_table="users_gamer",
                to_columns=["client_id", "id"],
                name="reward_gamer_client",
            ),
            CompositeForeignKey(
                columns=["client_id", "participation_id"],
                to_table="esports_participation",
                to_columns=["client_id", "id"],
                name="reward_participation_client",
            ),
            CompositeForeignKey(
                columns=["client_id", "tournament_id"],
                to_table="esports_tournament",
                to_columns=["client_id", "id"],
                name="reward_tournament_client",
            ),
        ]

    def __str__(self) -> str:
        return f"reward {self.pk}"


class HoldStep(models.Model):
    """An operator's action on a reward, with its reason: a log that only grows. The reward shows the last one."""

    class Act(models.TextChoices):
        """The action."""

        HOLD = "HOLD"
        RELEASE = "RELEASE"
        FORFEIT = "FORFEIT"

    # The composite key below implies it.
    client = models.ForeignKey("users.Client", models.PROTECT, db_constraint=False, db_index=False)
    reward = models.ForeignKey(Reward, models.PROTECT, related_name="hold_steps", db_constraint=False)
    act = models.CharField(max_length=7, choices=Act.choices)
    reason = models.CharField(max_length=500)
    operator_id = models.BigIntegerField()
    done_at = models.DateTimeField()

    class Meta:
        constraints = [
            CompositeForeignKey(
                columns=["client_id", "reward_id"],
                to_table="rewards_reward",
                to_columns=["client_id", "id"],
                name="hold_step_reward_client",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.reward_id}"

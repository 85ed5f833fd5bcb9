"""Adjustments of balances: one operator requests, another decides."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length, Trim
from django.db.models.lookups import GreaterThanOrEqual
from uuid_utils.compat import uuid7

from kgen.constraints import CompositeForeignKey
from wallet.models.accounting import Bucket, Wallet

# Held money belongs to a withdrawal and moves only with it.
ADJUSTABLE = (Bucket.BONUS, Bucket.BOUGHT, Bucket.EARNED)
SHORTEST_REASON, LONGEST_REASON = 3, 500
# The limit of a wallet.
LARGEST_ADJUSTMENT = 2**52


class Direction(models.TextChoices):
    """Whether the gamer gets the money or loses it."""

    CREDIT = "CREDIT"
    DEBIT = "DEBIT"


class AdjustmentState(models.TextChoices):
    """The state of an adjustment. Only an approved adjustment has moved money."""

    REQUESTED = "REQUESTED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    # Cancelled by the operator who requested it.
    CANCELLED = "CANCELLED"


class Adjustment(models.Model):
    """The change of a wallet that one operator (the maker) requests and another (the checker) decides.

    The database keeps the request unchanged, lets it be decided once, and refuses a decision by its maker.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client_id = models.UUIDField()
    # Implied by the composite key below.
    wallet = models.ForeignKey(Wallet, models.PROTECT, related_name="adjustments", db_constraint=False)
    bucket = models.CharField(max_length=20, choices=[(bucket.value, bucket.label) for bucket in ADJUSTABLE])
    direction = models.CharField(max_length=6, choices=Direction.choices)
    amount = models.BigIntegerField()
    reason = models.CharField(max_length=LONGEST_REASON, help_text="the maker's")
    requested_by = models.BigIntegerField(help_text="operator, the maker")
    created_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=AdjustmentState.choices, default=AdjustmentState.REQUESTED)
    decided_by = models.BigIntegerField(null=True, help_text="operator: the checker; of a cancelled one the maker")
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=LONGEST_REASON, blank=True, default="", help_text="why it was so decided")

    class Meta:
        indexes = [
            models.Index(fields=["created_at", "id"], condition=Q(state="REQUESTED"), name="adjustments_open"),
            models.Index(fields=["requested_by", "-id"], name="adjustments_of_maker"),
            models.Index(fields=["client_id", "-id"], name="adjustments_of_client"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gte=1, amount__lte=LARGEST_ADJUSTMENT), name="adjustment_amount_in_bounds"
            ),
            models.CheckConstraint(condition=Q(bucket__in=ADJUSTABLE), name="adjustment_bucket_known"),
            models.CheckConstraint(condition=Q(direction__in=Direction.values), name="adjustment_direction_known"),
            models.CheckConstraint(
                condition=GreaterThanOrEqual(Length(Trim("reason")), SHORTEST_REASON), name="adjustment_has_reason"
            ),
            # A check that evaluates to NULL passes, so required values are tested explicitly.
            models.CheckConstraint(
                condition=Q(state=AdjustmentState.REQUESTED, decided_by=None, decided_at=None, note="")
                | Q(
                    GreaterThanOrEqual(Length(Trim("note")), SHORTEST_REASON),
                    state__in=[AdjustmentState.APPROVED, AdjustmentState.REJECTED, AdjustmentState.CANCELLED],
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                ),
                name="adjustment_decision_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[AdjustmentState.APPROVED, AdjustmentState.REJECTED])
                | Q(decided_by__isnull=False) & ~Q(decided_by=F("requested_by")),
                name="adjustment_four_eyes",
            ),
            models.CheckConstraint(
                condition=~Q(state=AdjustmentState.CANCELLED) | Q(decided_by=F("requested_by")),
                name="adjustment_cancelled_by_maker",
            ),
            CompositeForeignKey(
                columns=["client_id", "wallet_id"],
                to_table="wallet_wallet",
                to_columns=["client_id", "id"],
                name="adjustment_wallet_same_client",
            ),
        ]

    def __str__(self) -> str:
        return f"adjustment {self.pk}"

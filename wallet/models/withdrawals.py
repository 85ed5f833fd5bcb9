"""What is paid out: withdrawals, every word with a rail about them, and the rails."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Length, Trim
from django.db.models.lookups import GreaterThanOrEqual
from uuid_utils.compat import uuid7

from kgen.constraints import CompositeForeignKey
from wallet.models.accounting import Wallet
from wallet.models.adjustments import SHORTEST_REASON


class State(models.TextChoices):
    """Where a withdrawal is. On the wire a review shows as SENDING."""

    REQUESTED = "REQUESTED"
    AWAITING_APPROVAL = "AWAITING_APPROVAL"
    SENDING = "SENDING"
    NEEDS_REVIEW = "NEEDS_REVIEW"
    PAID = "PAID"
    FAILED = "FAILED"
    # Paid, and later reported as come back. Only the http rail does so.
    RETURNED = "RETURNED"


UNSENT = (State.REQUESTED, State.AWAITING_APPROVAL)
OPEN = (*UNSENT, State.SENDING, State.NEEDS_REVIEW)
SETTLED = (State.PAID, State.FAILED, State.RETURNED)
# The rail whose payouts leave this ledger, and so can come back.
GATEWAY_RAIL = "http"
LONGEST_RAIL_REFERENCE = 200


class Review(models.TextChoices):
    """Why a person has to look."""

    # The rail has not seen it and must not be sent it again; a clear word from the rail still settles it.
    UNCONFIRMED = "UNCONFIRMED"
    # What the rail says differs from what we know; only a person settles it. On a settled withdrawal it is a mark:
    # the money stays where it is, and a person clears it.
    CONTRADICTION = "CONTRADICTION"


class Step(models.TextChoices):
    """What is to be done next at the rail."""

    SEND = "send"
    ASK = "ask"


class Withdrawal(models.Model):
    """Earned money on its way to the holder's KGeN wallet. Its money is in `held` while it is open."""

    audit_shown = ("currency", "rail", "rail_reference")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client_id = models.UUIDField()
    # Implied by the composite key below.
    wallet = models.ForeignKey(Wallet, models.PROTECT, related_name="withdrawals", db_constraint=False)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=12)
    destination = models.CharField(max_length=42, help_text="the KGeN wallet that was linked at the request")
    account_id = models.UUIDField(help_text="the KGeN account it belongs to")
    rail = models.CharField(max_length=20)
    state = models.CharField(max_length=20, choices=State.choices, default=State.REQUESTED)
    review = models.CharField(max_length=20, choices=Review.choices, blank=True, default="")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, help_text="paid or failed")
    returned_at = models.DateTimeField(null=True, help_text="the payout came back")

    next_step = models.CharField(max_length=4, choices=Step.choices, default=Step.SEND)
    next_attempt_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, help_text="till then a worker is at it")
    fence = models.BigIntegerField(default=0, help_text="counts the leases; an older one's outcome is not booked")
    tries = models.PositiveIntegerField(default=0, help_text="attempts of every kind")

    approved_by = models.BigIntegerField(null=True, help_text="operator")
    rejected_by = models.BigIntegerField(null=True, help_text="operator")
    resolved_by = models.BigIntegerField(null=True, help_text="operator who ended a review")
    reason = models.CharField(max_length=500, blank=True, default="", help_text="the operator's")
    rail_reference = models.CharField(
        max_length=LONGEST_RAIL_REFERENCE,
        blank=True,
        default="",
        help_text="what the rail's books name it, at a review",
    )
    cleared_by = models.BigIntegerField(null=True, help_text="operator who cleared the mark of a dispute")
    clear_reason = models.CharField(max_length=500, blank=True, default="", help_text="why the dispute was over")
    return_asked_by = models.BigIntegerField(null=True, help_text="operator who asks to mark it returned, the maker")
    # With a default in the database, so that a version which does not know the column still writes rows.
    return_reason = models.CharField(
        max_length=500, blank=True, default="", db_default="", help_text="the maker's evidence"
    )
    returned_by = models.BigIntegerField(null=True, help_text="operator who confirmed that, the checker")

    block_number = models.BigIntegerField(null=True)
    transaction_hash = models.CharField(max_length=200, null=True)
    gas_fee = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["wallet", "-created_at", "-id"], name="withdrawals_newest"),
            # How the wallet's latest withdrawal ended.
            models.Index("wallet", Coalesce("returned_at", "settled_at").desc(), name="withdrawals_ended"),
            models.Index(
                fields=["next_attempt_at", "id"],
                condition=Q(state__in=[State.REQUESTED, State.AWAITING_APPROVAL, State.SENDING]),
                name="withdrawals_due",
            ),
            # Lists and exports by time; the console's queue, of all clients and of one; the few marked for an operator.
            models.Index(fields=["created_at", "id"], name="withdrawals_by_time"),
            models.Index(fields=["state", "created_at", "id"], name="withdrawals_by_state"),
            models.Index(fields=["client_id", "state", "created_at", "id"], name="withdrawals_of_client"),
            models.Index(fields=["created_at", "id"], condition=~Q(review=""), name="withdrawals_marked"),
            # Returns that a second operator has to decide: few among all that were paid.
            models.Index(
                fields=["created_at", "id"],
                condition=Q(state=State.PAID, return_asked_by__isnull=False),
                name="withdrawals_return_asked",
            ),
            # Searches by payee, and by the rail's transaction.
            models.Index(fields=["destination", "-created_at", "-id"], name="withdrawals_to"),
            models.Index(
                fields=["transaction_hash"], condition=Q(transaction_hash__isnull=False), name="withdrawals_by_hash"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["wallet"], condition=Q(state__in=OPEN), name="one_open_withdrawal"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="withdrawal_amount_positive"),
            models.CheckConstraint(condition=Q(destination__regex="^0x[0-9a-f]{40}$"), name="withdrawal_destination"),
            models.CheckConstraint(
                condition=Q(state__in=OPEN, settled_at=None) | Q(state__in=SETTLED, settled_at__isnull=False),
                name="withdrawal_settled_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.NEEDS_REVIEW) | ~Q(review=""), name="withdrawal_review_has_cause"
            ),
            models.CheckConstraint(
                condition=Q(state=State.RETURNED, rail=GATEWAY_RAIL, returned_at__isnull=False)
                | ~Q(state=State.RETURNED) & Q(returned_at=None, returned_by=None),
                name="withdrawal_returned_has_time",
            ),
            models.CheckConstraint(
                condition=Q(return_asked_by=None, return_reason="")
                | Q(
                    GreaterThanOrEqual(Length(Trim("return_reason")), SHORTEST_REASON),
                    return_asked_by__isnull=False,
                    state__in=[State.PAID, State.RETURNED],
                    rail=GATEWAY_RAIL,
                ),
                name="withdrawal_return_asked_whole",
            ),
            models.CheckConstraint(
                condition=Q(returned_by=None)
                | Q(return_asked_by__isnull=False, returned_by__isnull=False) & ~Q(returned_by=F("return_asked_by")),
                name="withdrawal_return_four_eyes",
            ),
            CompositeForeignKey(
                columns=["client_id", "wallet_id"],
                to_table="wallet_wallet",
                to_columns=["client_id", "id"],
                name="withdrawal_wallet_same_client",
            ),
        ]

    def __str__(self) -> str:
        return f"withdrawal {self.pk}"


class PayoutAttempt(models.Model):
    """One call to or from a rail about a withdrawal. The log only grows; an attempt without an end was cut off."""

    # payout_attempt_number begins with this column.
    withdrawal = models.ForeignKey(Withdrawal, models.PROTECT, related_name="attempts", db_index=False)
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=[("send", "send"), ("ask", "ask"), ("news", "news")])
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, blank=True, default="")
    http_status = models.PositiveSmallIntegerField(null=True)
    detail = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["withdrawal", "number"], name="payout_attempt_number")]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


class PauseReason(models.TextChoices):
    """Why nothing is sent over a rail."""

    OPERATOR = "operator"
    # Calls kept failing. The circuit breaker probes the rail by itself.
    BREAKER = "breaker"
    # The rail rejects our address or secret: an operator has to correct it.
    CONFIGURATION = "configuration"
    # This database is not the one that knew all payouts: an operator has to compare first.
    RESTORE = "restore"


class PayoutRail(models.Model):
    """The state of a payout rail: running or paused."""

    name = models.CharField(primary_key=True, max_length=20)
    pause = models.CharField(
        max_length=16, choices=PauseReason.choices, blank=True, default="", help_text="empty: it runs"
    )
    reason = models.CharField(max_length=500, blank=True, default="")
    since = models.DateTimeField(null=True)
    changed_by = models.BigIntegerField(null=True, help_text="operator")
    failures = models.PositiveIntegerField(default=0, help_text="in a row")
    probe_at = models.DateTimeField(null=True, help_text="when a tripped rail is tried again")
    confirmed_system = models.CharField(max_length=120, help_text="the database that knows all payouts of this rail")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(pause="", since=None) | ~Q(pause="") & Q(since__isnull=False), name="pause_has_time"
            ),
            models.CheckConstraint(
                condition=Q(pause=PauseReason.BREAKER, probe_at__isnull=False)
                | ~Q(pause=PauseReason.BREAKER) & Q(probe_at=None),
                name="only_a_tripped_rail_is_probed",
            ),
        ]

    def __str__(self) -> str:
        return self.name

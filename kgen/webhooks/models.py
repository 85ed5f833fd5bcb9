"""Endpoints, events, and the delivery of each event to each endpoint."""

from datetime import datetime
from uuid import UUID

from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7


class DisabledReason(models.TextChoices):
    """Why an endpoint is switched off."""

    GONE = "gone", "it answered 410 Gone"
    FAILING = "failing", "it failed for five days"
    OPERATOR = "operator", "by an operator"


# The product itself has switched the endpoint off, so its studio may switch it on again.
DISABLED_BY_PRODUCT = (DisabledReason.GONE, DisabledReason.FAILING)


class WebhookEndpoint(models.Model):
    """An address that gets a client's events. Its secrets are computed from id and version (kgen.webhooks.signing)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client_id = models.UUIDField()
    url = models.CharField(max_length=2000)
    event_types = models.JSONField(default=list, help_text="empty: all")
    secret_version = models.IntegerField(default=1)
    active = models.BooleanField(default=True, db_default=True, help_text="off: no news is written for it")
    disabled_reason = models.CharField(
        max_length=8, choices=DisabledReason.choices, blank=True, default="", db_default="", help_text="while it is off"
    )
    disabled_at = models.DateTimeField(null=True, blank=True, help_text="none: before this was recorded")
    failing_since = models.DateTimeField(
        null=True, blank=True, help_text="the first failed call after the last success, or after it was switched on"
    )
    rotated_at = models.DateTimeField(null=True, blank=True, help_text="when the present secret was made")
    secrets_replaced_at = models.JSONField(
        default=list,
        db_default=models.Value([], models.JSONField()),
        blank=True,
        help_text="when each earlier secret that may still sign was replaced, newest first",
    )
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "endpoint"
        indexes = [models.Index(fields=["client_id"], condition=Q(removed_at=None), name="live_endpoints")]
        constraints = [
            models.CheckConstraint(
                condition=Q(disabled_at=None) | ~Q(disabled_reason=""), name="disabled_endpoint_has_a_reason"
            )
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def replacements(self) -> list[datetime]:
        """The times in `secrets_replaced_at`."""
        return [datetime.fromisoformat(at) for at in self.secrets_replaced_at]


class WebhookEvent(models.Model):
    """A change to report: ids, amounts and states, no personal data."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client_id = models.UUIDField()
    type = models.CharField(max_length=40)
    data = models.JSONField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.type


class DeliveryState(models.TextChoices):
    """PENDING → DELIVERED, or FAILED after three days of tries."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


class WebhookDelivery(models.Model):
    """One event on its way to one endpoint."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    endpoint = models.ForeignKey(WebhookEndpoint, models.PROTECT, related_name="deliveries")
    event = models.ForeignKey(WebhookEvent, models.PROTECT)
    state = models.CharField(max_length=9, choices=DeliveryState.choices, default=DeliveryState.PENDING)
    tries = models.IntegerField(default=0)
    next_attempt_at = models.DateTimeField(help_text="also the lease: whoever delivers it moves it ahead first")
    give_up_at = models.DateTimeField()
    last_status = models.IntegerField(null=True, blank=True)
    last_error = models.CharField(max_length=200, blank=True, default="")
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = "delivery", "deliveries"
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(state="PENDING"), name="deliveries_due"),
            models.Index(fields=["endpoint", "-id"], name="deliveries_newest"),
            models.Index(fields=["state", "-id"], name="deliveries_in_state"),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}"

    @property
    def client_id(self) -> UUID:
        """The client that owns the endpoint."""
        return self.endpoint.client_id

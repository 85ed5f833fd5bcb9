"""The floor's own tables: answers kept for idempotency keys, and signs of life of the sweeps."""

from django.db import models

from kgen.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookEvent

__all__ = ["Heartbeat", "IdempotencyKey", "WebhookDelivery", "WebhookEndpoint", "WebhookEvent"]


class IdempotencyKey(models.Model):
    """The answer that was given for a key, written in the transaction of the effect."""

    scope = models.CharField(max_length=60, help_text="client:<id> or gamer:<id>")
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(help_text="SHA-256 of method, path and parsed body")
    status = models.PositiveSmallIntegerField()
    body = models.BinaryField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, help_text="null: kept for ever")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="one_answer_per_key")]
        indexes = [models.Index(fields=["expires_at"], name="idempotency_expiry")]


class Heartbeat(models.Model):
    """When a sweep last came through. Told by `/readyz`; a silent one is a person's business."""

    name = models.CharField(primary_key=True, max_length=60)
    at = models.DateTimeField()

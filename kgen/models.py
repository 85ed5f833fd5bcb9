"""The floor's own tables: answers of idempotency keys, heartbeats of duties, the trail, failed logins."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from kgen.clock import ClockTimestamp
from kgen.jobs.models import Job, JobChunk, JobItem
from kgen.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookEvent

__all__ = [
    "AuditEntry",
    "Heartbeat",
    "IdempotencyKey",
    "Job",
    "JobChunk",
    "JobItem",
    "LoginGuard",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookEvent",
]


class IdempotencyKey(models.Model):
    """The answer for an idempotency key, written in the transaction of the effect."""

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
    """The time of a duty's last run, which `/readyz` reports. A silent duty needs an operator."""

    name = models.CharField(primary_key=True, max_length=60)
    at = models.DateTimeField()


class AuditEntry(models.Model):
    """An entry of the trail: what an operator did or saw. Written in the transaction of the effect.

    The database refuses to change or remove entries. They hold no personal data: ids, and the values of rows that
    `kgen.audit` shows.
    """

    at = models.DateTimeField(db_default=ClockTimestamp(), editable=False)
    operator_id = models.BigIntegerField(null=True, help_text="empty: somebody who did not get in")
    operator_name = models.CharField(max_length=150, blank=True)
    act = models.CharField(max_length=60, help_text="app.verb, as in withdrawal.approve")
    object_type = models.CharField(max_length=60, blank=True, help_text="app.model, in small letters")
    object_id = models.CharField(max_length=64, blank=True)
    object_label = models.CharField(max_length=200, blank=True)
    client_id = models.UUIDField(null=True, blank=True)
    before = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    after = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    reason = models.CharField(max_length=500, blank=True)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["operator_id", "-id"], name="audit_of_operator"),
            models.Index(fields=["act", "-id"], name="audit_of_act"),
            models.Index(fields=["object_id", "-id"], name="audit_of_object"),
            models.Index(fields=["request_id"], name="audit_of_request"),
            models.Index(fields=["client_id", "-id"], name="audit_of_client"),
            models.Index(fields=["at", "id"], name="audit_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.object_label}".strip()


class LoginGuard(models.Model):
    """Failed logins of one user name or one address within a period, under a keyed digest of it."""

    key = models.BinaryField(primary_key=True, max_length=32)
    tries = models.PositiveIntegerField()
    began_at = models.DateTimeField()
    locked_until = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["began_at"], name="guards_by_age")]

"""A job, its items, and the file of an export."""

from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7


class JobState(models.TextChoices):
    """QUEUED → RUNNING → DONE or FAILED; CANCELLED from either of the first two."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


OPEN = (JobState.QUEUED, JobState.RUNNING)


class Job(models.Model):
    """An operator's background work. It holds ids and the operator's own texts, no personal data of gamers."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=60, help_text="its name in kgen.jobs.registry")
    operator_id = models.BigIntegerField(help_text="who asked, and as whom it acts")
    client_ids = models.JSONField(null=True, help_text="clients it may touch; null: all")
    parameters = models.JSONField(default=dict)
    reason = models.CharField(max_length=500, blank=True, default="", help_text="the operator's")
    request_id = models.CharField(max_length=64, blank=True, default="", help_text="of the request that asked")
    state = models.CharField(max_length=9, choices=JobState.choices, default=JobState.QUEUED)
    done = models.IntegerField(default=0)
    total = models.IntegerField(null=True, help_text="null: not counted yet")
    outcome = models.JSONField(default=dict, help_text="counts, the first refusals, or why it failed")
    position = models.CharField(max_length=500, blank=True, default="", help_text="how far an export has come")
    due_at = models.DateTimeField(null=True, help_text="also the lease: whoever works on it moves it ahead")
    fence = models.BigIntegerField(default=0, help_text="counts the leases; an older one can write nothing")
    stalls = models.IntegerField(default=0, help_text="leases in a row that got nothing done")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(state__in=OPEN), name="jobs_due"),
            models.Index(fields=["operator_id", "-id"], name="jobs_of_operator"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=OPEN, finished_at=None, due_at__isnull=False)
                | Q(finished_at__isnull=False, due_at=None) & ~Q(state__in=OPEN),
                name="job_is_due_or_finished",
            ),
            models.CheckConstraint(condition=Q(done__gte=0), name="job_done_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether the job is queued or running."""
        return self.state in OPEN

    @property
    def percent(self) -> int:
        """The progress, 0 to 100; below 100 until the job is done."""
        if self.state == JobState.DONE:
            return 100
        return min(99, self.done * 100 // self.total) if self.total else 0


class ItemState(models.TextChoices):
    """PENDING → DONE or REFUSED, in the transaction of the action."""

    PENDING = "PENDING"
    DONE = "DONE"
    REFUSED = "REFUSED"


class JobItem(models.Model):
    """One item of a job: the row that the action is about."""

    job = models.ForeignKey(Job, models.PROTECT, related_name="items")
    number = models.IntegerField(help_text="their order, from 0")
    subject = models.UUIDField(help_text="what is acted upon")
    state = models.CharField(max_length=7, choices=ItemState.choices, default=ItemState.PENDING)
    detail = models.CharField(max_length=500, blank=True, default="", help_text="why it was refused")

    class Meta:
        indexes = [models.Index(fields=["job", "number"], condition=Q(state="PENDING"), name="job_items_pending")]
        constraints = [
            models.UniqueConstraint(fields=["job", "number"], name="one_job_item_per_number"),
            models.UniqueConstraint(fields=["job", "subject"], name="one_job_item_per_subject"),
        ]

    def __str__(self) -> str:
        return f"item {self.number} of job {self.job_id}"


class JobChunk(models.Model):
    """A piece of an export's file. The pieces in order of their number are the file."""

    job = models.ForeignKey(Job, models.PROTECT, related_name="chunks")
    number = models.IntegerField()
    body = models.BinaryField(help_text="at most kgen.jobs.exporting.CHUNK_BYTES")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="one_job_chunk_per_number")]

    def __str__(self) -> str:
        return f"chunk {self.number} of job {self.job_id}"

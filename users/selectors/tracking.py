"""Reads tracked events."""

from uuid import UUID

from django.db.models import QuerySet

from users.models import TrackedEvent


def tracked_events_to_forget(before: UUID) -> QuerySet[TrackedEvent]:
    """Duty: events whose UUIDv7 is smaller than `before`, oldest first."""
    return TrackedEvent.objects.filter(pk__lt=before).order_by("pk")

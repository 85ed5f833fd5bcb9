"""Tracked events as CSV."""

from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet

from kgen.api.json import encode
from kgen.api.pagination import Key
from kgen.clock import first_id
from kgen.jobs.registry import export
from kgen.jobs.tables import ExportColumn, ExportScope, ExportTable, Subject
from users.models import Client, TrackedEvent


def _events(scope: ExportScope) -> QuerySet[TrackedEvent]:
    # The primary key is a UUIDv7, so its order is the order of time: a page is found by it alone.
    rows = TrackedEvent.objects.select_related("gamer").filter(
        id__gte=first_id(scope.since), id__lt=first_id(scope.until)
    )
    if scope.about is not None:
        rows = _narrowed(rows, scope.about)
    return rows if scope.clients is None else rows.filter(client__in=list(scope.clients))


def _narrowed(rows: QuerySet[TrackedEvent], about: UUID) -> QuerySet[TrackedEvent]:
    """The events of a client with this id, or those of the name and client of the event with this id."""
    event = TrackedEvent.objects.filter(pk=about).first()
    return rows.filter(client=event.client_id, name=event.name) if event else rows.filter(client=about)


def _about(id: UUID) -> QuerySet[Any]:
    events = TrackedEvent.objects.filter(pk=id)
    return events if events.exists() else Client.objects.annotate(client_id=F("pk")).filter(pk=id)


TRACKED_EVENTS = export(
    ExportTable(
        name="tracked_events",
        title="Tracked events",
        permission="users.view_gamer",
        columns=(
            ExportColumn("id", lambda row: row.pk),
            ExportColumn("client", lambda row: row.client_id),
            ExportColumn("gamer", lambda row: row.gamer_id),
            ExportColumn("user id", lambda row: row.gamer.user_id),
            ExportColumn("event", lambda row: row.name),
            ExportColumn("day", lambda row: row.day),
            ExportColumn("dropped", lambda row: row.dropped_at),
            ExportColumn("attributes", lambda row: encode(row.attributes).decode()),
        ),
        rows=_events,
        key=(Key("id"),),
        about=Subject("client or tracked event", _about),
    )
)

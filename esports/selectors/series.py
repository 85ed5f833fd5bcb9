"""Finding series and their occurrences, and those that are due."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from esports.models import WAITING, SeriesOccurrence, TournamentSeries
from esports.selectors.tournaments import NEWEST_FIRST
from esports.series import AT_LEAST_AHEAD
from kgen.api.fields import id_of
from kgen.api.pagination import Page, page_of
from kgen.clock import ClockTimestamp
from kgen.errors import RecordNotFound


def live_series(client_id: UUID) -> QuerySet[TournamentSeries]:
    """A client's series that were not deleted."""
    return TournamentSeries.objects.filter(client=client_id, deleted_at=None)


def with_next(rows: QuerySet[TournamentSeries]) -> QuerySet[TournamentSeries]:
    """The rows with their five next occurrences, as `coming`."""
    ahead = SeriesOccurrence.objects.filter(starts_at__gt=ClockTimestamp()).order_by("starts_at")
    return rows.prefetch_related(Prefetch("occurrences", ahead[:AT_LEAST_AHEAD], to_attr="coming"))


def series_of_client(client_id: UUID, uid: str) -> Any:
    """A client's series, as `with_next` gives it.

    :raises RecordNotFound: the client has none of that id.
    """
    id = id_of(uid)
    row = with_next(live_series(client_id).filter(pk=id)).first() if id else None
    if row is None:
        raise RecordNotFound()
    return row


def series_by_id(series_id: UUID) -> Any:
    """A series, even a deleted one, as `with_next` gives it; None if there is none. For operators."""
    return with_next(TournamentSeries.objects.select_related("client").filter(pk=series_id)).first()


def occurrences_before(series_id: UUID, before: datetime | None, limit: int) -> list[SeriesOccurrence]:
    """A series' occurrences with their tournaments, latest start first; only earlier ones if `before` is given."""
    rows = SeriesOccurrence.objects.select_related("tournament").filter(series=series_id)
    if before is not None:
        rows = rows.filter(starts_at__lt=before)
    return list(rows.order_by("-starts_at")[:limit])


def series_page(client_id: UUID, *, scope: str, cursor: str | None, limit: int) -> Page[Any]:
    """A page of a client's series, newest first, as `with_next` gives them."""
    return page_of(with_next(live_series(client_id)), NEWEST_FIRST, scope=scope, cursor=cursor, limit=limit)


def first_start_after(series_id: UUID, moment: datetime) -> datetime | None:
    """The start of the next stored occurrence; None if there is none."""
    rows = SeriesOccurrence.objects.filter(series=series_id, starts_at__gt=moment)
    return rows.order_by("starts_at").values_list("starts_at", flat=True).first()


def plans_due(limit: int) -> list[UUID]:
    """Duty: series whose next occurrences are to be stored."""
    rows = TournamentSeries.objects.filter(active=True, deleted_at=None, plan_at__lte=ClockTimestamp())
    return list(rows.order_by("plan_at", "id").values_list("pk", flat=True)[:limit])


def occurrences_due(limit: int) -> list[int]:
    """Duty: occurrences whose tournament is to be made, longest due first."""
    now = ClockTimestamp()
    rows = SeriesOccurrence.objects.filter(WAITING, due_at__lte=now, starts_at__gt=now)
    return list(rows.order_by("due_at", "id").values_list("pk", flat=True)[:limit])

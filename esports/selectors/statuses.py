"""Filtering tournaments by status, with the rules of esports.lifecycle.status."""

from uuid import UUID

from django.db.models import F, Q, QuerySet

from esports.lifecycle import ACTIVE, Status
from esports.models import Tournament
from esports.selectors.tournaments import in_statuses, tournament_at, visible_at, with_clock
from kgen.clock import ClockTimestamp


def having_status(rows: QuerySet[Tournament], status: Status) -> QuerySet[Tournament]:
    """The tournaments of `rows`, drafts too, that are in `status` now: each tournament is in exactly one."""
    if status in ACTIVE:
        return in_statuses(rows.filter(_unbooked(), _goes_on(), visible_at(ClockTimestamp())), [status])
    if status is Status.DRAFT:
        return rows.filter(
            _unbooked(), ~_cancelled(), ~_published() | _goes_on() & Q(schedules_at__gt=ClockTimestamp())
        )
    if status is Status.COMPLETED:
        return rows.filter(Q(settled_at__isnull=False) | Q(pk__in=_waiting(status)))
    return rows.filter(Q(refunded_at__isnull=False) | _cancelled() | Q(pk__in=_waiting(status)))


def _unbooked() -> Q:
    """Neither settled nor refunded. The rule implies it; it is here because an index holds these few rows."""
    return Q(settled_at=None, refunded_at=None)


def _published() -> Q:
    return Q(published_at__isnull=False, published_at__lte=ClockTimestamp())


def _cancelled() -> Q:
    return Q(cancelled_at__isnull=False, cancelled_at__lte=ClockTimestamp(), cancelled_at__lt=F("ends_at"))


def _goes_on() -> Q:
    return Q(over_at__gt=ClockTimestamp())


def _waiting(status: Status) -> list[UUID]:
    """Tournaments that are over in this status and not booked yet. The field, its scores and its prize table decide,
    so this looks at each of them: sweeps leave few."""
    over = Tournament.objects.filter(_unbooked(), over_at__lte=ClockTimestamp())
    found = map(tournament_at, with_clock(over).iterator())
    return [row.tournament.pk for row in found if row.status is status]

"""Making series and changing them. Tournaments that were made stay as they are."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from esports import prizes, series
from esports.models import WAITING, SeriesOccurrence, TournamentSeries
from esports.selectors.series import first_start_after, live_series, series_of_client
from esports.selectors.tournaments import find_prize_table
from esports.services.organising import TournamentTerms, check_score_bounds, refuse_field
from kgen.clock import database_now
from kgen.errors import Invalid, RecordNotFound
from kgen.transactions import transactional

if TYPE_CHECKING:
    from users.models import Client

SERIES_PER_CLIENT = 100
# A series checks at least this often whether more rows are due.
PLANS_EVERY = timedelta(days=1)
TITLE_LENGTH = 200
# The wire's fields of the series itself; all others belong to its template.
OWN = frozenset(
    {
        "name",
        "rule",
        "time_zone",
        "first_date",
        "last_date",
        "schedules_before_seconds",
        "lobby_before_seconds",
        "locks_after_seconds",
        "ends_after_seconds",
        "active",
    }
)


@transactional
def create_series(*, client: "Client", given: dict[str, Any]) -> Any:
    """Make a series and store its next occurrences.

    `given` holds the fields of the wire; a missing one takes its default. The prize table is copied.

    :raises Invalid: an invalid rule, zone, date or offset, no occurrence to come, amounts beyond the bounds, or too
        many series. :raises PrizeTableInvalid: unknown or malformed.
    :raises PrizeTableInsolvent: at some field size.
    """
    if live_series(client.pk).count() >= SERIES_PER_CLIENT:
        raise Invalid(f"A client has at most {SERIES_PER_CLIENT} series.")
    now = database_now()
    template = check_template(client.pk, {name: value for name, value in given.items() if name not in OWN})
    defaults = {"name": template["title"], "locks_after_seconds": given["ends_after_seconds"]}
    own = defaults | {name: value for name, value in given.items() if name in OWN}
    row = TournamentSeries(
        **own, client=client, template=template, planned_to=now, plan_at=now, created_at=now, updated_at=now
    )
    series.check(row.calendar, row.offsets, now)
    if next(row.calendar.after(now), None) is None:
        raise refuse_field("rule", "The rule names no time in the future.")
    row.save(force_insert=True)
    if row.active:
        plan(row, now)
    return series_of_client(client.pk, str(row.pk))


@transactional
def change_series(*, client_id: UUID, uid: str, given: dict[str, Any]) -> Any:
    """Change a series, pause it (`active` false) or resume it. All or nothing.

    Future occurrences that were not made yet are deleted and, unless it is paused, stored again. Tournaments that
    were made stay as they are.

    :raises RecordNotFound: the client has none of that id. Raises also as `create_series`.
    """
    row = _lock(client_id, uid)
    now = database_now()
    changed = {name: value for name, value in given.items() if name not in OWN}
    if changed:
        row.template = check_template(client_id, row.template | changed)
    for name in given.keys() & OWN:
        setattr(row, name, given[name])
    series.check(row.calendar, row.offsets, now)
    row.planned_to, row.plan_at, row.updated_at = now, now, now
    row.save()
    _delete_waiting(row, now)
    if row.active:
        plan(row, now)
    return series_of_client(client_id, uid)


@transactional
def delete_series(*, client_id: UUID, uid: str) -> None:
    """End a series: it makes no more tournaments, and no read finds it.

    :raises RecordNotFound: the client has none of that id.
    """
    row = _lock(client_id, uid)
    now = database_now()
    TournamentSeries.objects.filter(pk=row.pk).update(deleted_at=now, updated_at=now)
    _delete_waiting(row, now)


def plan(row: TournamentSeries, now: datetime) -> None:
    """Store the next occurrences of a series whose row the caller holds; stored ones stay as they are."""
    ahead = SeriesOccurrence.objects.filter(series=row, starts_at__gt=now).count()
    made = series.plan(row.calendar, row.offsets, after=row.planned_to, now=now, known_ahead=ahead)
    SeriesOccurrence.objects.bulk_create(
        [
            SeriesOccurrence(client_id=row.client_id, series=row, starts_at=moment, due_at=row.offsets.due_at(moment))
            for moment in made.moments
        ],
        ignore_conflicts=True,
    )
    row.planned_to = made.moments[-1] if made.moments else row.planned_to
    TournamentSeries.objects.filter(pk=row.pk).update(planned_to=row.planned_to, plan_at=_plan_at(row, made, now))


def _plan_at(row: TournamentSeries, made: series.Plan, now: datetime) -> datetime | None:
    """When to plan again: at once, never, or after the next start, when one more occurrence is wanted."""
    if made.is_cut:
        return now
    if made.is_last:
        return None
    return min(now + PLANS_EVERY, first_start_after(row.pk, now) or now)


def _lock(client_id: UUID, uid: str) -> TournamentSeries:
    """The series under its row's lock: nothing plans it meanwhile."""
    found = series_of_client(client_id, uid)
    row = live_series(client_id).select_for_update().filter(pk=found.pk).first()
    if row is None:
        raise RecordNotFound()
    return row


def _delete_waiting(row: TournamentSeries, now: datetime) -> None:
    # The locks come first: this waits for a sweep that is making one of them, and then leaves that one alone.
    waiting = SeriesOccurrence.objects.filter(WAITING, series=row, starts_at__gt=now)
    ids = list(waiting.select_for_update().order_by("id").values_list("pk", flat=True))
    SeriesOccurrence.objects.filter(pk__in=ids).delete()


def check_template(client_id: UUID, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields as a template: valid for a tournament, and with a copy of the prize table.

    :raises Invalid: amounts beyond the bounds, or a title that is too long with its date.
    :raises PrizeTableInvalid: unknown or malformed. :raises PrizeTableInsolvent: at some field size.
    """
    table = find_prize_table(client_id, fields.get("prize_table"))
    TournamentTerms.of(fields, table).check(fields)
    check_score_bounds(fields.get("score_min"), fields.get("score_max"))
    growth = len("2000-01-01") - len(series.DATE_MARK)
    if len(fields["title"]) + growth * fields["title"].count(series.DATE_MARK) > TITLE_LENGTH:
        raise refuse_field("title", f"With its date this is longer than {TITLE_LENGTH} characters.")
    return fields | {"prize_table": prizes.to_wire(table)}

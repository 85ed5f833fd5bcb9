"""The rule of a series: cron's syntax on the clock of a time zone, and the times that follow from it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from esports.lifecycle import MAX_YEARS_AWAY, Timetable
from kgen.errors import Invalid

# The most tournaments that a series makes a day.
MOST_A_DAY = 24
# A tournament is made this long before its schedule, which leaves time to correct a refusal.
LEAD = timedelta(hours=1)
# Rows are stored for this long beyond the made ones, and for at least this many occurrences.
AHEAD = timedelta(hours=48)
AT_LEAST_AHEAD = 5
# The most rows that one transaction stores.
BATCH = 500
# A title's mark for the occurrence's date.
DATE_MARK = "{date}"

_RULE = re.compile(r"[0-9A-Za-z*,/#-]+( +[0-9A-Za-z*,/#-]+){4}")


@dataclass(frozen=True, slots=True)
class Calendar:
    """A rule, the time zone of its clock, and the first and last date there on which it applies."""

    rule: str
    time_zone: str
    first_date: date | None = None
    last_date: date | None = None

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Every occurrence after `moment`, in order, in UTC.

        Each time on the clock counts once. A time that the clock skips (it moves forward) counts at the moment of
        the change; a time that comes twice (it moves back) counts the first time.
        """
        zone = ZoneInfo(self.time_zone)
        last = moment
        for wall in self._walls(moment.astimezone(zone)):
            found = resolve(wall, zone)
            # Several times that the clock skips at once are one occurrence.
            if found > last:
                last = found
                yield found

    def _walls(self, local: datetime) -> Iterator[datetime]:
        # A day earlier: when the clock changes, the order of local times can differ from the true order.
        start = local.replace(tzinfo=None) - timedelta(days=1)
        if self.first_date is not None and self.first_date > start.date():
            start = datetime.combine(self.first_date, time()) - timedelta(minutes=1)
        for wall in CronSim(self.rule, start):
            if self.last_date is not None and wall.date() > self.last_date:
                return
            yield wall


def resolve(wall: datetime, zone: ZoneInfo) -> datetime:
    """The moment, in UTC, at which the zone's clock first shows `wall`, or jumps over it."""
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None, fold=0) == wall:
        return moment
    # Skipped: the clock jumps between `wall` read with the new offset and `wall` read with the old one.
    before, behind = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), moment
    old = before.astimezone(zone).utcoffset()
    while behind - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(behind - before) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            behind = middle
    return behind


@dataclass(frozen=True, slots=True)
class Offsets:
    """The distances of a tournament's other times from its start, in seconds."""

    schedules_before: int
    lobby_before: int
    locks_after: int
    ends_after: int

    def timetable(self, starts_at: datetime) -> Timetable:
        """The timetable of the tournament that starts at `starts_at`."""
        return Timetable(
            schedules_at=starts_at - timedelta(seconds=self.schedules_before),
            moves_to_lobby_at=starts_at - timedelta(seconds=self.lobby_before),
            starts_at=starts_at,
            locks_at=starts_at + timedelta(seconds=self.locks_after),
            ends_at=starts_at + timedelta(seconds=self.ends_after),
        )

    def due_at(self, starts_at: datetime) -> datetime:
        """When the tournament that starts at `starts_at` is to be made."""
        return starts_at - timedelta(seconds=self.schedules_before) - LEAD


# --- Validation


@cache
def time_zones() -> frozenset[str]:
    """The names of the IANA time zones, from the `tzdata` package: the same on every machine."""
    names = (files("tzdata") / "zones").read_text(encoding="utf-8").split()
    return frozenset(names) - {"Factory"}


def check(calendar: Calendar, offsets: Offsets, now: datetime) -> None:
    """Accepts a series with a valid rule, not too often, and with its times in order.

    :raises Invalid: with `errors`, one `{field, code, detail}` for each fault.
    """
    faults = [*_rule_faults(calendar.rule), *_zone_faults(calendar, now), *_order_faults(offsets)]
    if faults:
        raise Invalid(
            "The series is not valid.",
            errors=[{"field": field, "code": code, "detail": detail} for field, code, detail in faults],
        )


def _rule_faults(rule: str) -> Iterator[tuple[str, str, str]]:
    if not _RULE.fullmatch(rule):
        yield "rule", "invalid", "A rule has five fields: minute hour day-of-month month day-of-week."
        return
    try:
        parsed = CronSim(rule, datetime(2000, 1, 1))  # noqa: DTZ001 (the clock on the wall, of no zone)
    except CronSimError as error:
        yield "rule", "invalid", f"{error}."
        return
    if len(parsed.minutes) * len(parsed.hours) > MOST_A_DAY:
        yield "rule", "too_often", f"This names more than {MOST_A_DAY} times a day."


def _zone_faults(calendar: Calendar, now: datetime) -> Iterator[tuple[str, str, str]]:
    if calendar.time_zone not in time_zones():
        yield "time_zone", "invalid", "This is not the name of an IANA time zone."
    first, last = calendar.first_date, calendar.last_date
    if first is not None and first.year > now.year + MAX_YEARS_AWAY:
        yield "first_date", "too_far_away", f"This is more than {MAX_YEARS_AWAY} years away."
    if first is not None and last is not None and last < first:
        yield "last_date", "out_of_order", "This must not be before first_date."


def _order_faults(offsets: Offsets) -> Iterator[tuple[str, str, str]]:
    if offsets.schedules_before < offsets.lobby_before:
        yield "schedules_before_seconds", "out_of_order", "This must not be less than lobby_before_seconds."
    if offsets.ends_after < offsets.locks_after:
        yield "ends_after_seconds", "out_of_order", "This must not be less than locks_after_seconds."


# --- The occurrences to store


@dataclass(frozen=True, slots=True)
class Plan:
    """The next occurrences to store. `is_cut`: more are due at once; `is_last`: the rule names no more."""

    moments: list[datetime]
    is_cut: bool = False
    is_last: bool = False


def plan(calendar: Calendar, offsets: Offsets, *, after: datetime, now: datetime, known_ahead: int) -> Plan:
    """The occurrences after `after` that are to be stored at `now`, at most `BATCH` of them.

    `known_ahead` is the number of stored occurrences later than `now`.
    """
    horizon = now + timedelta(seconds=offsets.schedules_before) + AHEAD
    moments: list[datetime] = []
    for moment in calendar.after(after):
        if moment > horizon and known_ahead >= AT_LEAST_AHEAD:
            return Plan(moments)
        if len(moments) == BATCH:
            return Plan(moments, is_cut=True)
        moments.append(moment)
        known_ahead += moment > now
    return Plan(moments, is_last=True)


# --- In words


def title_at(title: str, starts_at: datetime, time_zone: str) -> str:
    """A title with the occurrence's local date in place of its mark, as 2026-12-04."""
    return title.replace(DATE_MARK, starts_at.astimezone(ZoneInfo(time_zone)).date().isoformat())


def words(times: Timetable, time_zone: str) -> str:
    """An occurrence as a sentence: the local time, UTC, the end of entries, and the end.

    As "Friday 4 December 2026, 18:00 (Asia/Kolkata), 12:30 UTC; entries close 18:30, ends 20:00".
    """
    zone = ZoneInfo(time_zone)
    start, utc = times.starts_at.astimezone(zone), times.starts_at.astimezone(UTC)
    closes, ends = (_clock(moment.astimezone(zone), start) for moment in (times.locks_at, times.ends_at))
    return (
        f"{_day(start)} {start.year}, {_time(start)} ({time_zone}), {_clock(utc, start)} UTC; "
        f"entries close {closes}, ends {ends}"
    )


def _clock(moment: datetime, near: datetime) -> str:
    """The time, with its day if that differs from the day of `near`."""
    return _time(moment) if moment.date() == near.date() else f"{_day(moment)}, {_time(moment)}"


def _day(moment: datetime) -> str:
    return f"{_DAYS[moment.weekday()]} {moment.day} {_MONTHS[moment.month - 1]}"


def _time(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"


# strftime would use the machine's language.
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

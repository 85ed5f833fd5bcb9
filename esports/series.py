"""When a series comes round: a cron-like rule on the clock of a named place, and what follows from it."""

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

# A series makes at most so many tournaments a day.
MOST_A_DAY = 24
# A tournament is made so long before it is to be seen, so that what is wrong with it can be put right.
LEAD = timedelta(hours=1)
# Rows are stored for so long ahead of what is made, and for so many occurrences however far away they are.
AHEAD = timedelta(hours=48)
AT_LEAST_AHEAD = 5
# So many rows are planned in one transaction.
BATCH = 500
# What a title may hold in the place of the occurrence's date.
DATE_MARK = "{date}"

_RULE = re.compile(r"[0-9A-Za-z*,/#-]+( +[0-9A-Za-z*,/#-]+){4}")


@dataclass(frozen=True, slots=True)
class Calendar:
    """A rule, the place whose clock it is read on, and the dates there between which it holds (both included)."""

    rule: str
    time_zone: str
    first_date: date | None = None
    last_date: date | None = None

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Every occurrence after `moment`, in order, in UTC.

        Each time on the clock is taken once. One that the clock leaves out (it is put forward) is taken at the
        moment of the change; one that comes twice (it is put back) is taken the first time.
        """
        zone = ZoneInfo(self.time_zone)
        last = moment
        for wall in self._walls(moment.astimezone(zone)):
            found = resolve(wall, zone)
            # Of several times that the clock leaves out at once, the first stands for all.
            if found > last:
                last = found
                yield found

    def _walls(self, local: datetime) -> Iterator[datetime]:
        # A day earlier than asked, because a clock that changes can make the local order another than the true one.
        start = local.replace(tzinfo=None) - timedelta(days=1)
        if self.first_date is not None and self.first_date > start.date():
            start = datetime.combine(self.first_date, time()) - timedelta(minutes=1)
        for wall in CronSim(self.rule, start):
            if self.last_date is not None and wall.date() > self.last_date:
                return
            yield wall


def resolve(wall: datetime, zone: ZoneInfo) -> datetime:
    """The moment, in UTC, at which a clock of the zone shows `wall`: the first one, or that of the jump over it."""
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None, fold=0) == wall:
        return moment
    # Left out: the clock has jumped between the time read by the new offset and the time read by the old one.
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
    """Where the other times of a tournament lie about its start, in seconds."""

    schedules_before: int
    lobby_before: int
    locks_after: int
    ends_after: int

    def timetable(self, starts_at: datetime) -> Timetable:
        """The five times of the tournament that starts then."""
        return Timetable(
            schedules_at=starts_at - timedelta(seconds=self.schedules_before),
            moves_to_lobby_at=starts_at - timedelta(seconds=self.lobby_before),
            starts_at=starts_at,
            locks_at=starts_at + timedelta(seconds=self.locks_after),
            ends_at=starts_at + timedelta(seconds=self.ends_after),
        )

    def due_at(self, starts_at: datetime) -> datetime:
        """When the tournament that starts then is to be made."""
        return starts_at - timedelta(seconds=self.schedules_before) - LEAD


# --- What may be asked for


@cache
def time_zones() -> frozenset[str]:
    """The names of the IANA's time zones, the same on every machine whatever it has itself."""
    names = (files("tzdata") / "zones").read_text(encoding="utf-8").split()
    return frozenset(names) - {"Factory"}


def check(calendar: Calendar, offsets: Offsets, now: datetime) -> None:
    """Accepts a series that can come round, not too often, its times in order.

    :raises Invalid: with `errors`, one `{field, code, detail}` for each fault.
    """
    faults = [*_rule_faults(calendar.rule), *_place_faults(calendar, now), *_order_faults(offsets)]
    if faults:
        raise Invalid(
            "The series is not valid.",
            errors=[{"field": field, "code": code, "detail": detail} for field, code, detail in faults],
        )


def _rule_faults(rule: str) -> Iterator[tuple[str, str, str]]:
    if not _RULE.fullmatch(rule):
        yield "rule", "invalid", "Five fields: minute hour day-of-month month day-of-week."
        return
    try:
        parsed = CronSim(rule, datetime(2000, 1, 1))  # noqa: DTZ001 (the clock on the wall, of no zone)
    except CronSimError as error:
        yield "rule", "invalid", f"{error}."
        return
    if len(parsed.minutes) * len(parsed.hours) > MOST_A_DAY:
        yield "rule", "too_often", f"This names more than {MOST_A_DAY} times a day."


def _place_faults(calendar: Calendar, now: datetime) -> Iterator[tuple[str, str, str]]:
    if calendar.time_zone not in time_zones():
        yield "time_zone", "invalid", "No time zone of the IANA's has this name."
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


# --- What is to be stored ahead


@dataclass(frozen=True, slots=True)
class Plan:
    """The next occurrences to be stored, and how it goes on behind them."""

    moments: list[datetime]
    is_cut: bool = False
    is_last: bool = False


def plan(calendar: Calendar, offsets: Offsets, *, after: datetime, now: datetime, known_ahead: int) -> Plan:
    """The occurrences after `after` up to what is to be stored at `now`, at most `BATCH` of them.

    `known_ahead` tells how many later than `now` are stored already.
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
    """A title with the date of the occurrence in its place, as 2026-12-04."""
    return title.replace(DATE_MARK, starts_at.astimezone(ZoneInfo(time_zone)).date().isoformat())


def words(times: Timetable, time_zone: str) -> str:
    """An occurrence as a sentence: the clock there, that of UTC, the end of entries, and the end.

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
    """The time, with its day where that is another one than that of `near`."""
    return _time(moment) if moment.date() == near.date() else f"{_day(moment)}, {_time(moment)}"


def _day(moment: datetime) -> str:
    return f"{_DAYS[moment.weekday()]} {moment.day} {_MONTHS[moment.month - 1]}"


def _time(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"


# Not the machine's language, which strftime would speak.
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

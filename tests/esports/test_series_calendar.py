"""When a series comes round: rules on the clocks of places whose clocks change, and an occurrence in words."""

from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esports.series import AHEAD, BATCH, Calendar, Offsets, check, plan, resolve, time_zones, title_at, words
from kgen.errors import Invalid

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
OFFSETS = Offsets(3600, 600, 1800, 7200)


def local(calendar: Calendar, after: datetime, count: int) -> list[str]:
    """The next occurrences as the clock there shows them, with its offset."""
    zone = ZoneInfo(calendar.time_zone)
    return [moment.astimezone(zone).isoformat() for moment in islice(calendar.after(after), count)]


def utc(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# (zone, rule, from, the days around the change as the clock there shows them)
CHANGES = [
    # Forward: the time is left out, and the moment of the change stands for it.
    (
        "Europe/Berlin",
        "30 2 * * *",
        "2027-03-27T00:00",
        ["2027-03-27T02:30:00+01:00", "2027-03-28T03:00:00+02:00", "2027-03-29T02:30:00+02:00"],
    ),
    (
        "America/New_York",
        "30 2 * * *",
        "2027-03-13T00:00",
        ["2027-03-13T02:30:00-05:00", "2027-03-14T03:00:00-04:00", "2027-03-15T02:30:00-04:00"],
    ),
    (
        "Australia/Lord_Howe",
        "15 2 * * *",
        "2027-10-01T00:00",
        ["2027-10-02T02:15:00+10:30", "2027-10-03T02:30:00+11:00", "2027-10-04T02:15:00+11:00"],
    ),
    # Back: the time comes twice, and the first one is taken.
    (
        "Europe/Berlin",
        "30 2 * * *",
        "2027-10-30T00:00",
        ["2027-10-30T02:30:00+02:00", "2027-10-31T02:30:00+02:00", "2027-11-01T02:30:00+01:00"],
    ),
    (
        "America/New_York",
        "30 1 * * *",
        "2027-11-06T00:00",
        ["2027-11-06T01:30:00-04:00", "2027-11-07T01:30:00-04:00", "2027-11-08T01:30:00-05:00"],
    ),
    (
        "Australia/Lord_Howe",
        "45 1 * * *",
        "2027-04-02T00:00",
        ["2027-04-03T01:45:00+11:00", "2027-04-04T01:45:00+11:00", "2027-04-05T01:45:00+10:30"],
    ),
    # A clock that never changes.
    (
        "Asia/Kolkata",
        "30 2 * * *",
        "2027-03-26T22:00",
        ["2027-03-28T02:30:00+05:30", "2027-03-29T02:30:00+05:30", "2027-03-30T02:30:00+05:30"],
    ),
]


@pytest.mark.parametrize(("zone", "rule", "after", "wanted"), CHANGES)
def test_a_daily_rule_has_one_occurrence_on_a_clock_change_day(
    zone: str, rule: str, after: str, wanted: list[str]
) -> None:
    assert local(Calendar(rule, zone), utc(after), 3) == wanted


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])
@pytest.mark.parametrize("minute", [0, 15, 30, 45])
@pytest.mark.parametrize("hour", [0, 1, 2, 3, 23])
def test_every_day_of_two_years_has_one_occurrence_of_a_daily_rule(zone: str, hour: int, minute: int) -> None:
    moments = list(islice(Calendar(f"{minute} {hour} * * *", zone).after(utc("2027-01-01T00:00")), 730))
    days = [moment.astimezone(ZoneInfo(zone)).date() for moment in moments]
    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(days))


def test_an_hourly_rule_takes_each_hour_on_the_clock_once() -> None:
    forward = local(Calendar("30 * * * *", "Europe/Berlin"), utc("2027-03-27T23:45"), 3)
    assert forward == ["2027-03-28T01:30:00+01:00", "2027-03-28T03:00:00+02:00", "2027-03-28T03:30:00+02:00"]
    back = local(Calendar("0 * * * *", "Europe/Berlin"), utc("2027-10-30T22:30"), 4)
    assert [text[11:] for text in back] == ["01:00:00+02:00", "02:00:00+02:00", "03:00:00+01:00", "04:00:00+01:00"]


def test_skipped_times_and_the_next_time_are_one_occurrence() -> None:
    both = Calendar("0,30 2,3 * * *", "Europe/Berlin")
    found = local(both, utc("2027-03-28T00:00"), 3)
    assert found == ["2027-03-28T03:00:00+02:00", "2027-03-28T03:30:00+02:00", "2027-03-29T02:00:00+02:00"]


def test_a_time_in_a_repeated_hour_occurs_once() -> None:
    first = utc("2027-10-31T00:30")
    calendar = Calendar("30 2 * * *", "Europe/Berlin")
    assert next(calendar.after(first - timedelta(seconds=1))) == first
    for later in (timedelta(0), timedelta(minutes=45), timedelta(hours=1)):
        assert next(calendar.after(first + later)) == utc("2027-11-01T01:30")


def test_a_day_that_a_zone_skips_has_its_occurrence_at_the_change() -> None:
    wall, zone = datetime(2011, 12, 30, 18), ZoneInfo("Pacific/Apia")
    assert resolve(wall, zone) == utc("2011-12-30T10:00")
    assert resolve(wall, zone).astimezone(zone).replace(tzinfo=None) == datetime(2011, 12, 31)


def test_rules_cross_the_year_and_meet_29_february_in_leap_years_only() -> None:
    turn = Calendar("59 23 31 12 *", "Asia/Kolkata")
    assert local(turn, NOW, 2) == ["2026-12-31T23:59:00+05:30", "2027-12-31T23:59:00+05:30"]
    start = Calendar("0 0 1 1 *", "America/New_York")
    assert local(start, utc("2027-01-01T04:59"), 2) == ["2027-01-01T00:00:00-05:00", "2028-01-01T00:00:00-05:00"]
    leap = Calendar("0 12 29 2 *", "Europe/Berlin")
    assert [text[:10] for text in local(leap, NOW, 3)] == ["2028-02-29", "2032-02-29", "2036-02-29"]


def test_weekdays_and_last_days_have_crons_meaning() -> None:
    assert [text[:10] for text in local(Calendar("0 12 * * FRI", "UTC"), NOW, 2)] == ["2026-11-06", "2026-11-13"]
    assert [text[:10] for text in local(Calendar("0 12 L * *", "UTC"), NOW, 2)] == ["2026-11-30", "2026-12-31"]
    assert [text[:10] for text in local(Calendar("0 12 * * mon#1", "UTC"), NOW, 2)] == ["2026-11-02", "2026-12-07"]
    # Both days given: either will do.
    either = local(Calendar("0 12 13 * 5", "UTC"), utc("2026-12-01T00:00"), 3)
    assert [text[:10] for text in either] == ["2026-12-04", "2026-12-11", "2026-12-13"]


def test_first_and_last_date_are_local_and_inclusive() -> None:
    calendar = Calendar("0 1 * * *", "Asia/Kolkata", date(2026, 12, 1), date(2026, 12, 2))
    assert local(calendar, NOW, 9) == ["2026-12-01T01:00:00+05:30", "2026-12-02T01:00:00+05:30"]
    assert local(Calendar("0 1 * * *", "UTC", None, date(1, 1, 1)), NOW, 9) == []
    assert len(local(Calendar("0 1 * * *", "UTC", date(1, 1, 1)), NOW, 9)) == 9


@given(
    zone=st.sampled_from(sorted(time_zones())),
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    after=st.datetimes(datetime(2025, 1, 1), datetime(2035, 1, 1)),
)
def test_occurrences_are_later_and_in_order_in_every_zone(zone: str, hour: int, minute: int, after: datetime) -> None:
    moment = after.replace(tzinfo=UTC)
    found = list(islice(Calendar(f"{minute} {hour} * * *", zone).after(moment), 4))
    assert moment < found[0]
    assert all(timedelta(hours=20) < later - earlier < timedelta(hours=28) for earlier, later in pairwise(found))


def faults(calendar: Calendar, offsets: Offsets = OFFSETS) -> list[tuple[str, str]]:
    """What is wrong with a series: (field, code)."""
    try:
        check(calendar, offsets, NOW)
    except Invalid as refusal:
        return [(fault["field"], fault["code"]) for fault in refusal.extra["errors"]]
    return []


@pytest.mark.parametrize(
    "rule",
    [
        *("", "0 18 * *", "0 18 * * * *", "@daily", "60 18 * * *", "0 24 * * *", "0 18 32 * *", "0 18 * 13 *"),
        *("0 18 * * 8", "0 18 31 2 *", "0 18 30 2 *", "a b c d e", "*/0 18 * * *", "0 18 5-1 * *", "-1 18 * * *"),
        *("0 18 * * FRIDAY", "0 18 * * MON#6", "0  18 * *", "0\t18 * * *", "0 18 * * *\n", " 0 18 * * *"),
        *("١ 18 * * *", "1, 18 * * *", "/5 18 * * *", "0 18 * * 1L/2", "0 18 ? * *", "0 18 LL * *"),
    ],
)
def test_an_invalid_rule_is_refused(rule: str) -> None:
    assert faults(Calendar(rule, "UTC")) == [("rule", "invalid")]


def test_a_rule_names_at_most_24_times_a_day() -> None:
    for rule in ("0 * * * *", "*/30 8-19 * * *", "0-23 18 * * *", "59 23 29 2 *"):
        assert faults(Calendar(rule, "UTC")) == []
    for rule in ("* 18 * * *", "*/30 * * * *", "0,1 0-12 1 1 *"):
        assert faults(Calendar(rule, "UTC")) == [("rule", "too_often")]


@pytest.mark.parametrize(
    "zone",
    [
        *("", "Mars/Olympus", "asia/kolkata", "Asia", "../../etc/passwd", "/etc/localtime", "localtime"),
        *("Factory", "posix/UTC", "CEST", "+05:30", "Asia/Kolkata "),
    ],
)
def test_an_unknown_time_zone_is_refused(zone: str) -> None:
    assert faults(Calendar("0 18 * * *", zone)) == [("time_zone", "invalid")]


def test_every_accepted_time_zone_can_be_used() -> None:
    assert len(time_zones()) > 550
    for zone in time_zones():
        assert next(Calendar("0 18 * * *", zone).after(NOW)) > NOW


def test_offsets_and_dates_must_be_in_order() -> None:
    calendar = Calendar("0 18 * * *", "UTC")
    assert faults(calendar, Offsets(0, 0, 0, 1)) == []
    assert faults(calendar, Offsets(599, 600, 1800, 1799)) == [
        ("schedules_before_seconds", "out_of_order"),
        ("ends_after_seconds", "out_of_order"),
    ]
    backwards = Calendar("0 18 * * *", "UTC", date(2026, 12, 2), date(2026, 12, 1))
    assert faults(backwards) == [("last_date", "out_of_order")]
    assert faults(Calendar("0 18 * * *", "UTC", date(2032, 1, 1))) == [("first_date", "too_far_away")]


def test_rows_are_planned_for_48_hours_and_for_five_occurrences() -> None:
    hourly = plan(Calendar("0 * * * *", "UTC"), OFFSETS, after=NOW, now=NOW, known_ahead=0)
    assert hourly.moments[-1] == NOW + timedelta(seconds=3600) + AHEAD
    assert (hourly.is_cut, hourly.is_last) == (False, False)
    yearly = Calendar("0 0 1 1 *", "UTC")
    assert len(plan(yearly, OFFSETS, after=NOW, now=NOW, known_ahead=0).moments) == 5
    assert plan(yearly, OFFSETS, after=NOW, now=NOW, known_ahead=5).moments == []
    last = plan(Calendar("0 0 1 1 *", "UTC", None, date(2028, 1, 1)), OFFSETS, after=NOW, now=NOW, known_ahead=0)
    assert (len(last.moments), last.is_last) == (2, True)


def test_a_plan_after_a_long_absence_comes_in_parts_without_gaps() -> None:
    calendar, began = Calendar("0 * * * *", "UTC"), NOW - timedelta(days=30)
    first = plan(calendar, OFFSETS, after=began, now=NOW, known_ahead=0)
    second = plan(calendar, OFFSETS, after=first.moments[-1], now=NOW, known_ahead=0)
    assert (len(first.moments), first.is_cut, second.is_cut) == (BATCH, True, False)
    moments = first.moments + second.moments
    assert all(later - earlier == timedelta(hours=1) for earlier, later in pairwise(moments))
    assert moments[0] == began + timedelta(hours=1)


def test_an_occurrence_is_described_in_words() -> None:
    start = utc("2026-12-04T12:30")
    said = words(Offsets(3600, 0, 1800, 7200).timetable(start), "Asia/Kolkata")
    assert said == ("Friday 4 December 2026, 18:00 (Asia/Kolkata), 12:30 UTC; entries close 18:30, ends 20:00")
    night = words(Offsets(0, 0, 90, 86_400).timetable(utc("2026-12-31T22:59:30")), "Europe/Berlin")
    assert night == (
        "Thursday 31 December 2026, 23:59:30 (Europe/Berlin), 22:59:30 UTC; "
        "entries close Friday 1 January, 00:01, ends Friday 1 January, 23:59:30"
    )
    other_day = words(Offsets(0, 0, 60, 60).timetable(utc("2026-12-31T20:00")), "Asia/Kolkata")
    assert "Friday 1 January 2027, 01:30 (Asia/Kolkata), Thursday 31 December, 20:00 UTC" in other_day


def test_a_title_has_the_local_date() -> None:
    late = utc("2026-12-31T20:00")
    assert title_at("Cup of {date}, {n}", late, "Asia/Kolkata") == "Cup of 2027-01-01, {n}"
    assert title_at("Cup", late, "Asia/Kolkata") == "Cup"

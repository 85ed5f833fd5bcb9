"""A tournament's life by the clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from esports.lifecycle import (
    ACTIVE,
    TIMES,
    Status,
    Timetable,
    check_order,
    extension_limit,
    fill_times,
    in_join_window,
    in_score_window,
    may_extend,
    status,
)
from kgen.errors import Invalid
from tests.support.time import INSTANT

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(minutes):
    return NOW + timedelta(minutes=minutes)


TABLE = Timetable(at(10), at(20), at(30), at(40), at(50))


def status_at(now, timetable=TABLE, **facts):
    defaults = {
        "published_at": at(0),
        "cancelled_at": None,
        "field_size": 3,
        "min_participants": 3,
        "has_scores": True,
        "pays_anybody": True,
    }
    return status(timetable, **{**defaults, **facts}, now=now)


minutes = st.integers(0, 8).map(at)
timetables = st.lists(minutes, min_size=5, max_size=5).map(lambda times: Timetable(*sorted(times)))


# --- Making a timetable


@pytest.mark.parametrize(
    ("given_times", "expected"),
    [
        ({"ends_at": at(60)}, (0, 0, 0, 60, 60)),
        ({"ends_at": at(60), "starts_at": at(10)}, (0, 10, 10, 60, 60)),
        ({"ends_at": at(60), "moves_to_lobby_at": at(10)}, (0, 10, 10, 60, 60)),
        ({"ends_at": at(60), "moves_to_lobby_at": at(10), "starts_at": at(20)}, (0, 10, 20, 60, 60)),
        ({"ends_at": at(60), "schedules_at": at(5)}, (5, 5, 5, 60, 60)),
        ({"ends_at": at(60), "schedules_at": at(5), "starts_at": at(9)}, (5, 9, 9, 60, 60)),
        ({"ends_at": at(60), "locks_at": at(50)}, (0, 0, 0, 50, 60)),
        # A time in the past pulls the omitted schedule with it, so that the order holds.
        ({"ends_at": at(60), "starts_at": at(-5)}, (-5, -5, -5, 60, 60)),
        ({"ends_at": at(60), "locks_at": at(-5)}, (-5, -5, -5, -5, 60)),
        ({"ends_at": at(60), "moves_to_lobby_at": at(-9), "starts_at": at(-5)}, (-9, -9, -5, 60, 60)),
        ({"ends_at": at(60), "schedules_at": None, "locks_at": None}, (0, 0, 0, 60, 60)),
    ],
)
def test_omitted_times_follow_the_given_ones(given_times, expected):
    assert fill_times(given_times, NOW) == Timetable(*map(at, expected))


@pytest.mark.parametrize("given_times", [{}, {"ends_at": None}, {"starts_at": at(1)}])
def test_the_end_is_required(given_times):
    with pytest.raises(Invalid) as refusal:
        fill_times(given_times, NOW)
    assert [(fault["field"], fault["code"]) for fault in refusal.value.extra["errors"]] == [
        ("ends_at_timestamp", "required")
    ]


@settings(max_examples=150)
@given(st.sets(st.sampled_from(TIMES)), timetables, minutes)
def test_given_times_in_order_are_kept_and_filled_times_follow_the_order(names, timetable, now):
    assume(now < timetable.ends_at)
    given_times = {name: getattr(timetable, name) for name in names | {"ends_at"}}
    filled = fill_times(given_times, now)
    for name, moment in given_times.items():
        assert getattr(filled, name) == moment
    assert faults(filled, now) == []


def faults(timetable, now=NOW):
    try:
        check_order(timetable, now)
    except Invalid as refusal:
        found = refusal
    else:
        return []
    assert found.status == 400
    assert all(fault["detail"] for fault in found.extra["errors"])
    return [(fault["field"], fault["code"]) for fault in found.extra["errors"]]


def test_coinciding_times_are_in_order():
    assert faults(Timetable(at(1), at(1), at(1), at(1), at(1))) == []


def test_only_the_end_must_lie_in_the_future():
    assert faults(Timetable(at(-5), at(-4), at(-3), at(-2), NOW + INSTANT)) == []
    assert faults(Timetable(at(-5), at(-4), at(-3), at(-2), NOW)) == [("ends_at_timestamp", "not_in_future")]


@pytest.mark.parametrize(("earlier", "later"), list(pairwise(TIMES)))
def test_each_pair_of_times_out_of_order_is_named(earlier, later):
    swapped = replace(TABLE, **{earlier: getattr(TABLE, later), later: getattr(TABLE, earlier)})
    assert (f"{later}_timestamp", "out_of_order") in faults(swapped)
    assert faults(TABLE) == []


@pytest.mark.parametrize("now", [NOW, datetime(2028, 2, 29, 12, tzinfo=UTC)])
def test_a_time_over_five_years_away_is_refused(now):
    far = datetime(now.year + 5, 3, 1, 12, tzinfo=UTC)
    assert faults(Timetable(now, now, now, now, far), now) == []
    assert faults(Timetable(now, now, now, now, far + INSTANT), now) == [("ends_at_timestamp", "too_far_away")]
    past = datetime(now.year - 5, 3, 1, 12, tzinfo=UTC)
    end = now + INSTANT
    assert faults(Timetable(past, now, now, now, end), now) == []
    assert faults(Timetable(past - INSTANT, now, now, now, end), now) == [("schedules_at_timestamp", "too_far_away")]


def test_the_ends_of_the_calendar_are_refused_as_too_far_away():
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert faults(Timetable(first, at(1), at(2), at(3), last)) == [
        ("schedules_at_timestamp", "too_far_away"),
        ("ends_at_timestamp", "too_far_away"),
    ]


# --- What it is now


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at(0), Status.DRAFT),
        (at(10) - INSTANT, Status.DRAFT),
        (at(10), Status.SCHEDULED),
        (at(20) - INSTANT, Status.SCHEDULED),
        (at(20), Status.LOBBY),
        (at(30) - INSTANT, Status.LOBBY),
        (at(30), Status.STARTED),
        (at(40) - INSTANT, Status.STARTED),
        (at(40), Status.LOCKED),
        (at(50) - INSTANT, Status.LOCKED),
        (at(50), Status.COMPLETED),
        (at(5_000), Status.COMPLETED),
    ],
)
def test_the_status_follows_the_clock(now, expected):
    assert status_at(now) is expected


@pytest.mark.parametrize(
    "facts",
    [
        {"field_size": 2},
        {"has_scores": False},
        {"pays_anybody": False},
        {"field_size": 0, "has_scores": False},
    ],
)
def test_a_tournament_that_cannot_pay_is_cancelled_at_its_end_not_before(facts):
    assert status_at(at(50) - INSTANT, **facts) is Status.LOCKED
    assert status_at(at(50), **facts) is Status.CANCELLED


def test_a_status_of_zero_length_is_skipped():
    assert status_at(at(20), replace(TABLE, moves_to_lobby_at=at(30))) is Status.SCHEDULED
    assert status_at(at(30), replace(TABLE, moves_to_lobby_at=at(30))) is Status.STARTED
    assert status_at(at(10), Timetable(at(10), at(10), at(10), at(50), at(50))) is Status.STARTED
    assert status_at(at(50), replace(TABLE, locks_at=at(50))) is Status.COMPLETED
    assert status_at(at(10), Timetable(at(10), at(10), at(10), at(10), at(50))) is Status.LOCKED


@pytest.mark.parametrize("published_at", [None, at(45)])
@pytest.mark.parametrize("now", [at(0), at(15), at(44)])
def test_an_unpublished_tournament_is_a_draft(published_at, now):
    assert status_at(now, published_at=published_at) is Status.DRAFT


def test_an_unpublished_tournament_stays_a_draft_until_it_is_cancelled():
    assert status_at(at(60), published_at=None) is Status.DRAFT
    assert status_at(at(60), published_at=None, cancelled_at=at(5)) is Status.CANCELLED
    assert status_at(at(45), published_at=at(45)) is Status.LOCKED


@pytest.mark.parametrize("cancelled_at", [at(5), at(35), at(50) - INSTANT])
def test_a_cancellation_sets_the_status_from_its_own_moment(cancelled_at):
    assert status_at(cancelled_at - INSTANT, cancelled_at=cancelled_at) is status_at(cancelled_at - INSTANT)
    assert status_at(cancelled_at, cancelled_at=cancelled_at) is Status.CANCELLED
    assert status_at(at(60), cancelled_at=cancelled_at) is Status.CANCELLED


@pytest.mark.parametrize("cancelled_at", [at(50), at(55)])
def test_a_cancellation_at_or_after_the_end_has_no_effect(cancelled_at):
    assert status_at(at(60), cancelled_at=cancelled_at) is Status.COMPLETED


def test_the_status_reads_scores_and_prizes_only_where_they_decide():
    def never():
        raise AssertionError("asked")

    assert status_at(at(45), has_scores=never, pays_anybody=never) is Status.LOCKED
    assert status_at(at(50), field_size=2, has_scores=never, pays_anybody=never) is Status.CANCELLED
    assert status_at(at(50), has_scores=lambda: False, pays_anybody=never) is Status.CANCELLED
    assert status_at(at(50), has_scores=lambda: True, pays_anybody=lambda: False) is Status.CANCELLED
    assert status_at(at(50), has_scores=lambda: True, pays_anybody=lambda: True) is Status.COMPLETED


def windows(now, timetable=TABLE, published_at=NOW, cancelled_at=None):
    facts = {"published_at": published_at, "cancelled_at": cancelled_at, "now": now}
    return in_join_window(timetable, **facts), in_score_window(timetable, **facts)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at(10) - INSTANT, (False, False)),
        (at(10), (True, False)),
        (at(30) - INSTANT, (True, False)),
        (at(30), (True, True)),
        (at(40) - INSTANT, (True, True)),
        (at(40), (False, True)),
        (at(50) - INSTANT, (False, True)),
        (at(50), (False, False)),
    ],
)
def test_windows_include_their_first_moment_and_exclude_their_last(now, expected):
    assert windows(now) == expected


def test_a_cancelled_or_unpublished_tournament_is_outside_every_window():
    assert windows(at(35), cancelled_at=at(35)) == (False, False)
    assert windows(at(35), cancelled_at=at(36)) == (True, True)
    assert windows(at(35), published_at=None) == (False, False)
    assert windows(at(35), published_at=at(36)) == (False, False)


@settings(max_examples=300)
@given(timetables, st.none() | minutes, st.none() | minutes, minutes)
def test_the_joining_and_scoring_windows_agree_with_the_status(timetable, published_at, cancelled_at, now):
    seen = status_at(now, timetable, published_at=published_at, cancelled_at=cancelled_at)
    joining, scoring = windows(now, timetable, published_at, cancelled_at)
    assert joining is (seen in (Status.SCHEDULED, Status.LOBBY, Status.STARTED))
    assert scoring is (seen in (Status.STARTED, Status.LOCKED) and now < timetable.ends_at)
    if joining or scoring:
        assert seen in ACTIVE


# --- What may still move


@pytest.mark.parametrize(
    ("name", "proposed", "now", "expected"),
    [
        ("ends_at", at(51), at(49), True),
        ("ends_at", at(70), at(49), True),  # from 30 to 50 is a length of 20
        ("ends_at", at(70) + INSTANT, at(49), False),
        ("ends_at", at(49), at(45), False),
        ("ends_at", at(51), at(50), False),
        ("locks_at", at(41), at(39), True),
        ("locks_at", at(60), at(39), True),
        ("locks_at", at(60) + INSTANT, at(39), False),
        ("locks_at", at(39), at(35), False),
        ("locks_at", at(41), at(40), False),
        ("locks_at", at(40), at(45), True),  # the same again is no change, even when it has passed
    ],
)
def test_a_lock_or_an_end_moves_later_only_before_its_time(name, proposed, now, expected):
    original = getattr(TABLE, name)
    assert may_extend(original, proposed, latest=extension_limit(TABLE, original), now=now) is expected


def test_several_extensions_share_one_limit():
    latest = extension_limit(TABLE, TABLE.ends_at)
    assert latest == at(70)
    assert may_extend(at(65), at(70), latest=latest, now=at(60))
    assert not may_extend(at(65), at(71), latest=latest, now=at(60))
    assert not may_extend(at(65), at(60), latest=latest, now=at(55))

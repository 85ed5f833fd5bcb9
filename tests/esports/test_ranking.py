"""Scores fold into standings, and standings have one total order in every representation."""

from datetime import UTC, datetime, timedelta
from functools import reduce
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esports.errors import ScoreOutOfRange
from esports.ranking import (
    MAX_SCORE,
    NO_STANDING,
    Rule,
    Standing,
    apply,
    fold,
    member,
    participation_of,
    rank_key,
    sort_key,
)

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(seconds):
    return T0 + timedelta(seconds=seconds)


def standing_after(values, **rule):
    return fold(Rule(**rule), [(value, at(second)) for second, value in enumerate(values)])


# --- Folding


@pytest.mark.parametrize(
    ("operator", "order", "values", "score", "second"),
    [
        ("latest", "desc", [5], 5, 0),
        ("latest", "desc", [5, 9, 7], 7, 2),
        ("latest", "desc", [5, 9, 9, 9], 9, 1),
        ("latest", "desc", [9, 5, 9], 9, 2),
        ("latest", "asc", [5, 9], 9, 1),
        ("best", "desc", [5, 9, 7], 9, 1),
        ("best", "desc", [5, 9, 7, 9], 9, 1),
        ("best", "asc", [5, 9, 3, 4, 3], 3, 2),
        ("best", "asc", [5, 5], 5, 0),
        ("sum", "desc", [5, 9, -2], 12, 2),
        ("sum", "asc", [5, 0, 0], 5, 0),
        ("sum", "desc", [5, -5, 0], 0, 1),
        ("sum", "desc", [0, 0], 0, 0),
    ],
)
def test_scores_fold_by_their_operator_and_an_unchanged_score_keeps_its_time(operator, order, values, score, second):
    assert standing_after(values, operator=operator, order=order) == Standing(score, at(second))


def test_a_gamer_without_events_has_no_standing():
    assert fold(Rule(), []) == NO_STANDING == Standing(None, None)


def test_a_score_of_zero_is_a_score():
    assert standing_after([0], operator="best", order="desc") == Standing(0, at(0))
    assert standing_after([0, -3], operator="best", order="desc") == Standing(0, at(0))


@pytest.mark.parametrize("operator", ["latest", "best", "sum"])
@pytest.mark.parametrize("value", [-11, 101, MAX_SCORE + 1, pytest.param(-(10**5_000), id="5,000 digits")])
def test_a_value_outside_the_bounds_is_refused(operator, value):
    rule = Rule(operator=operator, minimum=-10, maximum=100)
    with pytest.raises(ScoreOutOfRange) as refusal:
        apply(rule, Standing(50, T0), value, at(1))
    assert (refusal.value.status, refusal.value.code) == (400, "SCORE_OUT_OF_RANGE")
    assert "from -10 to 100" in refusal.value.detail


def test_values_at_the_bounds_are_allowed_and_a_sum_may_exceed_the_bounds():
    rule = Rule(operator="sum", minimum=-10, maximum=100)
    assert fold(rule, [(100, at(0)), (100, at(1)), (-10, at(2))]) == Standing(190, at(2))


@pytest.mark.parametrize("rule", [Rule(), Rule(minimum=-(2**60), maximum=2**60)])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_score_beyond_a_doubles_exact_range_is_refused(rule, sign):
    assert apply(rule, NO_STANDING, sign * MAX_SCORE, T0) == Standing(sign * MAX_SCORE, T0)
    with pytest.raises(ScoreOutOfRange):
        apply(rule, NO_STANDING, sign * (MAX_SCORE + 1), T0)


@pytest.mark.parametrize("operator", ["best", "sum"])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_value_beyond_a_double_is_refused_under_every_operator(operator, sign):
    rule = Rule(operator, "desc" if sign < 0 else "asc", minimum=-(2**60), maximum=2**60)
    with pytest.raises(ScoreOutOfRange):
        apply(rule, Standing(-sign * 9, T0), sign * (MAX_SCORE + 1), at(1))


@pytest.mark.parametrize("sign", [1, -1])
def test_a_sum_stops_at_what_a_double_can_hold(sign):
    rule = Rule(operator="sum")
    almost = Standing(sign * (MAX_SCORE - 1), T0)
    assert apply(rule, almost, sign, at(1)).score == sign * MAX_SCORE
    with pytest.raises(ScoreOutOfRange):
        apply(rule, almost, 2 * sign, at(1))


rules = st.builds(Rule, st.sampled_from(["latest", "best", "sum"]), st.sampled_from(["desc", "asc"]))
values = st.lists(st.integers(-4, 4), min_size=1, max_size=12)


@settings(max_examples=300)
@given(rules, values)
def test_the_fold_equals_a_plain_computation(rule, values):
    totals = {"latest": lambda prefix: prefix[-1], "best": max if rule.order == "desc" else min, "sum": sum}
    scores = [totals[rule.operator](values[: i + 1]) for i in range(len(values))]
    # Its time is that of the first event since which it has not changed.
    unchanged = next(i for i in range(len(scores)) if len(set(scores[i:])) == 1)
    events = [(value, at(second)) for second, value in enumerate(values)]
    assert fold(rule, events) == Standing(scores[-1], at(unchanged))


@settings(max_examples=150)
@given(rules, values, st.integers(0, 12))
def test_folding_in_parts_gives_the_same_standing(rule, values, cut):
    events = [(value, at(second)) for second, value in enumerate(values)]
    resumed = reduce(lambda standing, event: apply(rule, standing, *event), events[cut:], fold(rule, events[:cut]))
    assert resumed == fold(rule, events)


# --- The order

A, B = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(("order", "better", "worse"), [("desc", 9, 8), ("asc", 8, 9), ("desc", 0, -1)])
def test_the_better_score_ranks_first_at_any_time(order, better, worse):
    assert sort_key(order, better, at(9), at(9), B) < sort_key(order, worse, at(0), at(0), A)
    assert rank_key(order, better) < rank_key(order, worse)


@pytest.mark.parametrize("order", ["desc", "asc"])
def test_equal_scores_rank_by_reaching_then_joining_then_id(order):
    assert sort_key(order, 5, at(1), at(9), B) < sort_key(order, 5, at(2), at(0), A)
    assert sort_key(order, 5, at(1), at(0), B) < sort_key(order, 5, at(1), at(1), A)
    assert sort_key(order, 5, at(1), at(0), A) < sort_key(order, 5, at(1), at(0), B)


moments = st.one_of(
    st.integers(0, 3).map(lambda microseconds: T0 + timedelta(microseconds=microseconds)),
    st.datetimes(timezones=st.just(UTC)),
    st.sampled_from([datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]),
)
ids = st.sampled_from([A, B, UUID(int=2**128 - 1), UUID(int=10**20)]) | st.uuids()
ties = st.tuples(moments, moments, ids)


@settings(max_examples=500)
@given(ties, ties)
def test_the_byte_order_of_members_equals_the_tie_order(one, other):
    left, right = member(*one).encode("ascii"), member(*other).encode("ascii")
    assert len(left) == len(right) == 62
    assert (left < right) is (one < other)
    assert (left == right) is (one == other)


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(-2, 2), ties), max_size=20), st.sampled_from(["desc", "asc"]))
def test_a_sorted_set_of_members_is_in_the_total_order(standings, order):
    by_set = sorted(standings, key=lambda row: (float(rank_key(order, row[0])), member(*row[1]).encode()))
    assert by_set == sorted(standings, key=lambda row: sort_key(order, row[0], *row[1]))


@given(ties)
def test_a_member_names_its_participation(tie):
    assert participation_of(member(*tie)) == tie[2]


def test_a_members_stored_form_stays_the_same_between_releases():
    # What is written here lies in Valkey while versions change.
    assert member(datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 3, 1, 11, tzinfo=UTC), A) == (
        "0e30bf434dad0000e30bf35e472c0000000000000000000000000000000001"
    )


def test_a_member_ignores_the_time_zone_and_refuses_a_naive_time():
    abroad = at(0).astimezone(datetime.now().astimezone().tzinfo)
    assert member(abroad, at(0), A) == member(at(0), at(0), A)
    with pytest.raises(TypeError):
        member(datetime(2026, 3, 1), at(0), A)

"""Batches: each call gets its own outcome, whichever of them are refused early."""

from collections.abc import Sequence
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgen.batches import complete, only, outcome_of, refusal_of
from kgen.errors import DomainError, RecordNotFound, WrongState


def refuse(detail: str) -> NoReturn:
    raise WrongState(detail)


def fail() -> NoReturn:
    raise ZeroDivisionError


@given(st.lists(st.booleans()))
def test_each_item_gets_its_own_outcome(known: list[bool]) -> None:
    items = list(range(len(known)))
    outcomes = complete(
        items,
        [f"known {item}" if is_known else None for item, is_known in enumerate(known)],
        lambda rest: [f"worked {item}" for item in rest],
    )
    assert outcomes == [f"{'known' if known[item] else 'worked'} {item}" for item in items]


def test_the_work_runs_once_for_all_items_without_an_outcome() -> None:
    runs: list[list[int]] = []

    def work(items: list[int]) -> list[None]:
        runs.append(items)
        return [None] * len(items)

    refusal = RecordNotFound()
    assert complete([1, 2, 3], [None, refusal, None], work) == [None, refusal, None]
    assert runs == [[1, 3]]


def test_the_work_does_not_run_without_items() -> None:
    def work(items: list[int]) -> NoReturn:
        raise AssertionError(items)

    assert complete([], [], work) == []
    assert complete([1], ["known"], work) == ["known"]


def test_a_known_falsy_outcome_is_kept() -> None:
    assert complete([1, 2], [0, None], lambda rest: [5]) == [0, 5]


@pytest.mark.parametrize("found", [[], [1], [1, 2, 3]], ids=["none", "too few", "too many"])
def test_work_with_another_number_of_outcomes_than_items_fails(found: Sequence[int]) -> None:
    with pytest.raises(ValueError, match="outcomes for 2 items"):
        complete(["a", "b", "c"], [None, 7, None], lambda rest: found)


def test_a_number_of_known_outcomes_other_than_that_of_the_items_fails() -> None:
    with pytest.raises(ValueError, match="zip"):
        complete([1, 2], [None], lambda rest: rest)


def test_a_refusal_becomes_an_outcome() -> None:
    refusal = refusal_of(refuse, "closed")
    assert (refusal and refusal.detail, refusal_of(str.upper, "a")) == ("closed", None)
    outcome = outcome_of(refuse, "closed")
    assert isinstance(outcome, WrongState)
    assert outcome_of(str.upper, "a") == "A"


@pytest.mark.parametrize("call", [refusal_of, outcome_of])
def test_a_bug_in_the_work_is_raised(call: object) -> None:
    with pytest.raises(ZeroDivisionError):
        call(fail)  # type: ignore[operator]


def test_a_batch_of_one_raises_its_refusal() -> None:
    assert only(["done"]) == "done"
    assert only([None]) is None
    outcomes: list[str | DomainError] = [WrongState("closed")]
    with pytest.raises(WrongState, match="closed"):
        only(outcomes)


def test_a_batch_of_several_has_no_only_outcome() -> None:
    with pytest.raises(ValueError, match="too many"):
        only(["a", "b"])

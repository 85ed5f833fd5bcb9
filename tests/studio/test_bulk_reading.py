"""The quick reading of bulk scores takes nothing that the serializer would not, and reads it as the serializer does."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from esports.serializers.tournaments_in import BULK_LIMIT, BulkScoresIn, read_bulk_scores
from esports.services.scoring import ServerScore
from tests.support.inputs import MOST
from tests.support.organising import GOOD_SCORE

texts = (
    st.sampled_from(["ann", "e1", "", " ", "a b", " a", "a\n", "a\u00a0", "a\u00adb", "é", "x" * 128, "x" * 129])
    | st.text()
)
anything = st.none() | st.booleans() | st.integers() | st.floats() | texts | st.just([]) | st.just({})
values = st.sampled_from([0, 1, -MOST, MOST, MOST + 1, -MOST - 1, 1.0, True]) | st.integers(-MOST, MOST) | anything
rows = st.fixed_dictionaries({}, optional={"user_id": texts | anything, "value": values, "event_id": texts | anything})


def serialized(body: Any) -> list[ServerScore] | None:
    """What the serializer makes of a body; None where it refuses it."""
    serializer = BulkScoresIn(data=body)
    return serializer.validated_data["scores"] if serializer.is_valid() else None


@given(st.lists(rows, max_size=3))
@example([GOOD_SCORE | {"value": 1.0}])
@example([GOOD_SCORE | {"value": True}])
@example([GOOD_SCORE | {"event_id": "a\u200bb"}])
@example([GOOD_SCORE | {"event_id": "\x85"}])
def test_both_readers_of_bulk_scores_agree(given_rows: list[dict[str, Any]]) -> None:
    body = {"scores": given_rows}
    assert read_bulk_scores(body) == serialized(body)


@pytest.mark.parametrize(
    "body", [{}, {"scores": None}, {"scores": []}, {"scores": GOOD_SCORE}, {"scores": [[]]}, {"scores": "ann"}]
)
def test_a_body_without_a_list_of_rows_is_left_to_the_serializer(body: dict[str, Any]) -> None:
    assert read_bulk_scores(body) is None
    assert serialized(body) is None


def test_the_quick_reading_takes_the_longest_list_and_no_longer_one() -> None:
    assert read_bulk_scores({"scores": [GOOD_SCORE] * BULK_LIMIT}) == [ServerScore("ann", 1)] * BULK_LIMIT
    assert read_bulk_scores({"scores": [GOOD_SCORE] * (BULK_LIMIT + 1)}) is None

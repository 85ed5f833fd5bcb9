"""Statements: rows have names, and a column can't be taken for another one."""

from typing import NamedTuple

import pytest

from kgen.statements import Select

pytestmark = pytest.mark.django_db


class Pair(NamedTuple):
    left: int
    right: str


def test_rows_have_the_names_of_the_columns() -> None:
    pairs = Select("SELECT n AS left, 'x' || n AS right FROM generate_series(1, %s) AS n ORDER BY n", Pair)
    assert pairs.all([2]) == [Pair(left=1, right="x1"), Pair(left=2, right="x2")]
    assert pairs.all([0]) == []
    assert pairs.one([1]).right == "x1"


def test_parameters_may_have_names() -> None:
    assert Select("SELECT %(n)s AS left, 'x' AS right", Pair).one({"n": 7}) == (7, "x")


@pytest.mark.parametrize(
    "columns",
    ["'x' AS right, 1 AS left", "1 AS left", "1 AS left, 'x' AS right, 2 AS more", "1 AS left, 'x'"],
    ids=["another order", "one too few", "one too many", "one without a name"],
)
def test_columns_that_differ_from_the_fields_raise_even_without_rows(columns: str) -> None:
    for condition in ("true", "false"):
        with pytest.raises(TypeError, match="Pair has the fields"):
            Select(f"SELECT {columns} WHERE {condition}", Pair).all()


def test_keyed_rows_take_their_key_from_the_first_column() -> None:
    pairs = Select("SELECT n * 10, n AS left, '' AS right FROM generate_series(1, 2) AS n ORDER BY n", Pair)
    assert pairs.keyed() == [(10, Pair(1, "")), (20, Pair(2, ""))]
    with pytest.raises(TypeError, match="Pair has the fields"):
        Select("SELECT 1 AS left, 'x' AS right", Pair).keyed()


def test_one_refuses_no_row_and_two_rows() -> None:
    for count in (0, 2):
        with pytest.raises(ValueError, match="values to unpack"):
            Select("SELECT n AS left, '' AS right FROM generate_series(1, %s) AS n", Pair).one([count])

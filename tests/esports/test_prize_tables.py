"""The wire form of prize tables: what is read, what is refused, and what is written."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esports.errors import PrizeTableInvalid
from esports.prizes import (
    DEFAULT_TABLE,
    FixedBand,
    PrizeBands,
    parse_table,
    to_wire,
)
from tests.support.tables import tables

DEFAULT_WIRE = {
    "name": "default",
    "kind": "multiples",
    "bands": [
        {"percent_bp": 100, "multiple_bp": 60_000},
        {"percent_bp": 1_000, "multiple_bp": 40_000},
        {"percent_bp": 2_000, "multiple_bp": 15_000},
        {"percent_bp": 900, "multiple_bp": 10_000},
    ],
}


def test_the_default_table_reads_and_writes_in_the_contracts_form():
    assert to_wire(DEFAULT_TABLE) == DEFAULT_WIRE
    assert parse_table(DEFAULT_WIRE) == DEFAULT_TABLE


@settings(max_examples=100)
@given(tables, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200))
def test_a_table_that_is_written_and_read_is_unchanged(table, name):
    named = PrizeBands(table.kind, table.bands, name)
    assert parse_table(to_wire(named)) == named


def test_unknown_members_are_ignored():
    wire = {"kind": "fixed", "x": 1, "bands": [{"from_rank": 1, "to_rank": 2, "amount": 3, "y": {}}]}
    assert parse_table(wire) == PrizeBands("fixed", (FixedBand(1, 2, 3),))


def multiple(percent_bp=100, multiple_bp=100):
    return {"percent_bp": percent_bp, "multiple_bp": multiple_bp}


def prize(from_rank=1, to_rank=1, amount=1):
    return {"from_rank": from_rank, "to_rank": to_rank, "amount": amount}


def share(from_rank=1, to_rank=1, share_bp=1):
    return {"from_rank": from_rank, "to_rank": to_rank, "share_bp": share_bp}


@pytest.mark.parametrize(
    "wire",
    [
        {"kind": "multiples", "bands": [multiple(10_000, 0)]},
        {"kind": "multiples", "bands": [multiple(1, 100_000_000)]},
        {"kind": "multiples", "bands": [multiple()] * 100},
        {"kind": "fixed", "bands": [prize(1, 1_000_000, 2**53 - 1)]},
        {"kind": "shares", "bands": [share(1, 1, 9_999), share(2, 1_000_000, 1)]},
        {"kind": "shares", "bands": [share()], "name": "é" * 200},
    ],
)
def test_values_at_the_bounds_are_allowed(wire):
    assert to_wire(parse_table(wire)) == wire


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        *((raw, "must be an object") for raw in (None, [], "default", 7, True, 1.5)),
        ({}, "kind must"),
        ({"kind": "prizes", "bands": [multiple()]}, "kind must"),
        ({"kind": ["fixed"], "bands": [multiple()]}, "kind must"),
        ({"kind": None, "bands": [multiple()]}, "kind must"),
        ({"kind": "fixed"}, "bands must be a list"),
        ({"kind": "fixed", "bands": []}, "bands must be a list"),
        ({"kind": "fixed", "bands": {"0": prize()}}, "bands must be a list"),
        ({"kind": "multiples", "bands": [multiple(1)] * 101}, "1 to 100 bands"),
        ({"kind": "fixed", "bands": [prize(), 7]}, r"bands\[1\] must be an object"),
        ({"kind": "fixed", "bands": [multiple()]}, r"bands\[0\].from_rank"),
        ({"kind": "multiples", "bands": [{"percent_bp": 1}]}, r"bands\[0\].multiple_bp"),
        *(
            ({"kind": "multiples", "bands": [multiple(), multiple(value)]}, r"bands\[1\].percent_bp")
            for value in (0, -1, 10_001, True, 1.0, "1", None, [], 10**5_000, float("nan"))
        ),
        *(
            ({"kind": "multiples", "bands": [multiple(1, value)]}, r"bands\[0\].multiple_bp")
            for value in (-1, 100_000_001, False, 0.0)
        ),
        *(({"kind": "fixed", "bands": [prize(amount=value)]}, r"bands\[0\].amount") for value in (0, -1, 2**53, True)),
        *(
            ({"kind": "shares", "bands": [share(share_bp=value)]}, r"bands\[0\].share_bp")
            for value in (0, 10_001, True)
        ),
        ({"kind": "fixed", "bands": [prize(1, 1_000_001)]}, r"bands\[0\].to_rank"),
        ({"kind": "fixed", "bands": [prize(0, 1)]}, r"bands\[0\].from_rank"),
        ({"kind": "fixed", "bands": [prize(2, 3)]}, r"bands\[0\].from_rank must be 1"),
        ({"kind": "fixed", "bands": [prize(1, 3), prize(5, 6)]}, r"bands\[1\].from_rank must be 4"),
        ({"kind": "shares", "bands": [share(1, 3), share(3, 6)]}, r"bands\[1\].from_rank must be 4"),
        ({"kind": "shares", "bands": [share(1, 3), share(4, 3)]}, r"bands\[1\].to_rank"),
        ({"kind": "multiples", "bands": [multiple(5_000), multiple(5_001)]}, "percent_bp of all bands"),
        ({"kind": "shares", "bands": [share(1, 1, 5_000), share(2, 2, 5_001)]}, "share_bp of all bands"),
        ({"kind": "fixed", "bands": [prize()], "name": "x" * 201}, "name must"),
        ({"kind": "fixed", "bands": [prize()], "name": 7}, "name must"),
        ({"kind": "fixed", "bands": [prize()], "name": "a\0b"}, "name must hold no NUL"),
        ({"kind": "fixed", "bands": [prize()], "name": "\ud800"}, "name must hold no NUL"),
    ],
)
def test_a_refused_table_names_its_fault(raw, fault):
    with pytest.raises(PrizeTableInvalid, match=fault) as refusal:
        parse_table(raw)
    assert (refusal.value.status, refusal.value.code) == (400, "PRIZE_TABLE_INVALID")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["kind", "bands", "name", "from_rank", "to_rank", "amount", "percent_bp", "multiple_bp"]),
            inner | st.sampled_from(["fixed", "shares", "multiples"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200)
@given(json_values)
def test_any_json_value_is_read_or_refused(raw):
    try:
        table = parse_table(raw)
    except PrizeTableInvalid:
        return
    assert parse_table(to_wire(table)) == table

"""CSV that a spreadsheet opens without computing anything."""

import csv
from datetime import UTC, datetime, timedelta, timezone
from io import StringIO
from uuid import UUID

import pytest

from kgen.jobs.csv_cells import cell, lines, masked
from kgen.jobs.exporting import chunked

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\tx",
    "\r",
    "＝1+1",
    "＋1",
    "－1",
    "＠x",
    "  =1+1",
    "\u00a0=1",
    "\u3000＝1",
    '=HYPERLINK("http://evil.example","click")',
    "-2+3+cmd|' /C calc'!A0",
    "+919876543210",
    "\ufeff=1",
    "\u200b \u202e@x",
    "\x00=1",
    "\x85-1",
    "﹦1",
    "\u22121",
]
# (text, as written): a cell begins behind what parts cells elsewhere, too.
INSIDE = [
    ("a;=1", "a;'=1"),
    ("a; \u200b=1;-2;b", "a;' \u200b=1;'-2;b"),
    ("\t=1", "'\t'=1"),
    ("a\r\n@x", "a\r\n'@x"),
    ("a\n\n+1", "a\n\n'+1"),
    ("x;=cmd|' /C calc'!A0;y", "x;'=cmd|' /C calc'!A0;y"),
]
HARMLESS = [
    "",
    "Ann",
    "a=b",
    "1-2",
    "ann@example.com",
    "  two  words",
    "'quoted",
    '"',
    "Zoë 🎮",
    "a\r\nb",
    "a;b",
    "1; 2",
    '{"a": -1}',
]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_begins_like_a_formula_is_marked_as_text(text: str) -> None:
    assert cell(text) == "'" + text


@pytest.mark.parametrize(("text", "written"), INSIDE)
def test_a_formula_inside_a_text_cannot_start_a_new_cell(text: str, written: str) -> None:
    assert cell(text) == written


@pytest.mark.parametrize("text", HARMLESS)
def test_other_texts_are_written_unchanged(text: str) -> None:
    assert cell(text) == text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"),
        (-5, "-5"),
        (-(2**62), "-4611686018427387904"),
        (None, '""'),
        (True, '"yes"'),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC), '"2030-01-02T03:04:05Z"'),
        (datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2))), '"2030-01-02T01:04:05Z"'),
        ("-5", '"\'-5"'),
        ('say "hi", =1', '"say ""hi"", =1"'),
    ],
)
def test_numbers_stay_numbers_and_texts_are_quoted(value: object, written: str) -> None:
    assert lines([[value]]) == f"{written}\r\n".encode()


def test_every_text_survives_writing_and_reading_the_csv() -> None:
    rows = [[text, 7, -7] for text in HARMLESS]
    read = list(csv.reader(StringIO(lines(rows).decode(), newline="")))
    assert read == [[text, "7", "-7"] for text in HARMLESS]


@pytest.mark.parametrize(
    ("text", "shown"), [("", ""), ("+919876543210", "+91…10"), ("0x" + "ab" * 20, "0xabab…abab"), ("+1", "+1…+1")]
)
def test_a_masked_text_shows_only_what_it_may(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_chunks_are_bounded_and_lose_no_byte() -> None:
    given = [b"a" * 40, b"b" * 70, b"c" * 250, b"d"]
    pieces = list(chunked(given, most=100))
    assert max(map(len, pieces)) <= 100
    assert b"".join(pieces) == b"".join(given)
    assert list(chunked([])) == []

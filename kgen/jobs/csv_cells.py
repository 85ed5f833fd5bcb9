"""CSV that is safe to open in a spreadsheet: a text never becomes a formula, a number stays one. Pure."""

import csv
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from io import StringIO

BOM = b"\xef\xbb\xbf"
# What a spreadsheet takes for the beginning of a formula, also in full width or small, and what may stand unseen there.
_FORMULA = r"[=+\-@＝＋－＠﹦﹢﹣﹫\u2212]"
_UNSEEN = r"(?![\t\r\n])[\s\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]"
# At the beginning of a text; and behind what begins another cell where semicolons part them, as in much of Europe, or
# tabs: quotes mean something there only if they are the first sign of a line.
_RISKY = re.compile(f"^(?=[\t\r\n]|(?:{_UNSEEN})*{_FORMULA})|(?<=[;\t\r\n])(?=(?:{_UNSEEN})*{_FORMULA})")

type Cell = int | str


def cell(value: object) -> Cell:
    """A value as it stands in the file: whole numbers as such, times in UTC, texts that begin no formula."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int():
            return int(value)
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case _:
            return harmless(str(value))


def harmless(text: str) -> str:
    """The text, with an apostrophe wherever a spreadsheet could read on as a formula, whatever blanks stand first."""
    return _RISKY.sub("'", text)


def lines(rows: Iterable[Sequence[object]]) -> bytes:
    """Rows as lines of CSV in UTF-8, each ended by CR LF. Texts are quoted, numbers are not."""
    text = StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerows([cell(value) for value in row] for row in rows)
    # A lone surrogate can't be stored; should one come from elsewhere it must not end the file.
    return text.getvalue().encode(errors="replace")


def masked(text: str) -> str:
    """A phone or an address of which enough is left to tell two apart, and not enough to use it."""
    if not text:
        return ""
    return f"{text[:6]}…{text[-4:]}" if len(text) >= 20 else f"{text[:3]}…{text[-2:]}"

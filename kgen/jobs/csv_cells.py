"""CSV that is safe to open in a spreadsheet: text never becomes a formula, numbers stay numbers. Pure."""

import csv
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from io import StringIO

BOM = b"\xef\xbb\xbf"
# Characters with which a spreadsheet begins a formula, also in full width or small, and invisible ones before them.
_FORMULA = r"[=+\-@＝＋－＠﹦﹢﹣﹫\u2212]"
_UNSEEN = r"(?![\t\r\n])[\s\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]"
# Matches at the beginning of a text, and behind semicolons, tabs and line ends: where these separate cells, as
# semicolons do in much of Europe, quotes count only as the first character of a line.
_RISKY = re.compile(f"^(?=[\t\r\n]|(?:{_UNSEEN})*{_FORMULA})|(?<=[;\t\r\n])(?=(?:{_UNSEEN})*{_FORMULA})")

type Cell = int | str


def cell(value: object) -> Cell:
    """A value as a cell: integers unchanged, times in UTC, text that cannot begin a formula."""
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
    """The text with an apostrophe wherever a spreadsheet could begin a formula, even behind blanks."""
    return _RISKY.sub("'", text)


def lines(rows: Iterable[Sequence[object]]) -> bytes:
    """Rows as lines of CSV in UTF-8, each ending with CR LF. Text is quoted, numbers are not."""
    text = StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerows([cell(value) for value in row] for row in rows)
    # PostgreSQL stores no lone surrogates; one from another source must not abort the file.
    return text.getvalue().encode(errors="replace")


def masked(text: str) -> str:
    """Mask a phone or an address: enough remains to tell two apart, not enough to use it."""
    if not text:
        return ""
    return f"{text[:6]}…{text[-4:]}" if len(text) >= 20 else f"{text[:3]}…{text[-2:]}"

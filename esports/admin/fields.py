"""Form fields for lengths and local times, and parsing of a prize table's bands."""

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms

from esports import prizes
from esports.admin.clocks import UNITS
from esports.prizes import FixedBand, MultipleBand, PrizeBands, ShareBand

INPUT = {"class": "kc-input"}
_LENGTH = re.compile(r"\s*(?:(\d{1,7})\s*(d|h|min|s)\s*)+", re.ASCII)
_PART = re.compile(r"(\d{1,7})\s*(d|h|min|s)", re.ASCII)
_DECIMAL = re.compile(r"\d{1,17}(\.\d{1,6})?", re.ASCII)
_SECONDS = dict(UNITS)
LONGEST_LENGTH = 60
PERCENT = 100
WHOLE_MULTIPLE = 10_000


class Length(forms.Field):
    """A length of time in seconds, typed as "90 s", "30 min" or "1 d 2 h"; empty is 0."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.TextInput(attrs=INPUT | {"autocomplete": "off"}), **kwargs)

    def to_python(self, value: Any) -> int | None:
        text = str(value or "").strip()
        if text in ("", "0"):
            return None if self.required else 0
        if len(text) > LONGEST_LENGTH or not _LENGTH.fullmatch(text):
            raise forms.ValidationError("Enter a length such as 90 s, 30 min, 2 h or 1 d 12 h.")
        return sum(int(count) * _SECONDS[unit] for count, unit in _PART.findall(text))


class WallClock(forms.Field):
    """A local date and time; another field names its time zone."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.DateTimeInput(attrs=INPUT | {"type": "datetime-local", "step": "1"}))
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> datetime | None:
        if value in self.empty_values:
            return None
        try:
            wall = datetime.fromisoformat(str(value))
        except ValueError:
            wall = None
        if wall is None or wall.tzinfo is not None or not 2000 <= wall.year <= 2200:
            raise forms.ValidationError("Enter a date and a time.")
        return wall.replace(microsecond=0)


# --- Bands: a row of two numbers for every kind: how far the band reaches, and what it pays

type Row = tuple[str, str]

# The headings of the two columns, by kind.
HEADINGS: dict[str, tuple[str, str]] = {
    "multiples": ("% of the field", "× the buy-in, each"),
    "fixed": ("Down to rank", "Amount each"),
    "shares": ("Down to rank", "% of the pool, for all of them"),
}


def rows_of(table: PrizeBands) -> list[Row]:
    """A table's bands as rows of a form."""
    rows = []
    for band in table.bands:
        match band:
            case MultipleBand(percent_bp, multiple_bp):
                rows.append((_decimal(percent_bp, PERCENT), _decimal(multiple_bp, WHOLE_MULTIPLE)))
            case FixedBand(_, to_rank, amount):
                rows.append((str(to_rank), str(amount)))
            case ShareBand(_, to_rank, share_bp):
                rows.append((str(to_rank), _decimal(share_bp, PERCENT)))
    return rows


def table_of(kind: str, rows: Sequence[Row]) -> dict[str, Any]:
    """The wire form of the table with these bands; empty rows are ignored.

    :raises ValidationError: there is no band, a band is invalid (the message names the first), or the bands exceed
        100 %.
    """
    bands: list[dict[str, int]] = []
    for number, (reach, pays) in enumerate(rows, start=1):
        if reach.strip() or pays.strip():
            next_rank = bands[-1].get("to_rank", 0) + 1 if bands else 1
            bands.append(_band(kind, number, reach, pays, next_rank))
    if not bands:
        raise forms.ValidationError("A table has at least one band.")
    part = {"multiples": "percent_bp", "shares": "share_bp"}.get(kind)
    if part and sum(band[part] for band in bands) > prizes.WHOLE_BP:
        raise forms.ValidationError("The bands add up to more than 100 %.")
    return {"kind": kind, "bands": bands}


def _band(kind: str, number: int, reach: str, pays: str, next_rank: int) -> dict[str, int]:
    if kind == "multiples":
        return {
            "percent_bp": _whole(number, reach, PERCENT, prizes.WHOLE_BP, least=1),
            "multiple_bp": _whole(number, pays, WHOLE_MULTIPLE, prizes.MAX_MULTIPLE_BP),
        }
    to_rank = _whole(number, reach, 1, prizes.MAX_RANK, least=1)
    if to_rank < next_rank:
        raise forms.ValidationError(f"Band {number} must reach down to rank {next_rank} or below.")
    ranks = {"from_rank": next_rank, "to_rank": to_rank}
    if kind == "fixed":
        return ranks | {"amount": _whole(number, pays, 1, prizes.MAX_AMOUNT, least=1)}
    return ranks | {"share_bp": _whole(number, pays, PERCENT, prizes.WHOLE_BP, least=1)}


def _whole(number: int, text: str, scale: int, most: int, *, least: int = 0) -> int:
    """A typed decimal as an integer number of `1 / scale`, without rounding.

    :raises ValidationError: it is not an exact number from `least` to `most`.
    """
    text = text.strip()
    value = Decimal(text) * scale if _DECIMAL.fullmatch(text) else Decimal(-1)
    if value != int(value) or not least <= value <= most:
        between = f"from {_decimal(least, scale)} to {_decimal(most, scale)}"
        raise forms.ValidationError(
            f"Band {number}: “{text[:20]}” is not a number {between} that can be stored exactly."
        )
    return int(value)


def _decimal(whole: int, scale: int) -> str:
    text = f"{Decimal(whole) / scale:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text

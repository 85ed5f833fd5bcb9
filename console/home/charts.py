"""Charts drawn by the server: the geometry of an SVG, and the same numbers for a table. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT, GAP = 300, 80, 2


@dataclass(frozen=True)
class Bar:
    """A day: its number, the address of the list behind it (or ""), and its rectangle."""

    day: date
    value: int
    link: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class DailyChart:
    """A number for each day, the last of which is today. `link` leads to the list of all days, or is ""."""

    title: str
    unit: str
    bars: Sequence[Bar]
    zero: float
    link: str = ""
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def today(self) -> Bar:
        """The last day."""
        return self.bars[-1]

    @property
    def total(self) -> int:
        """The sum of all days."""
        return sum(bar.value for bar in self.bars)

    @property
    def newest_first(self) -> list[Bar]:
        """The days in the table's order."""
        return list(reversed(self.bars))


def draw(
    title: str, unit: str, days: Sequence[date], values: Mapping[date, int], link: Callable[[date, date], str]
) -> DailyChart:
    """Bars from the zero line up, or down for negative numbers. A day without a value counts 0.

    `link` gives the list of a first to a last day, both included.
    """
    numbers = [values.get(day, 0) for day in days]
    top, bottom = max(0, *numbers), min(0, *numbers)
    scale = HEIGHT / ((top - bottom) or 1)
    step = WIDTH / len(days)
    bars = [
        Bar(
            day,
            number,
            link(day, day),
            x=round(index * step + GAP / 2, 2),
            y=round((top - max(number, 0)) * scale, 2),
            width=round(step - GAP, 2),
            # A day that is not 0 stays visible.
            height=max(round(abs(number) * scale, 2), 1.0 if number else 0.0),
        )
        for index, (day, number) in enumerate(zip(days, numbers, strict=True))
    ]
    zero = round(top * scale, 2) if bottom else HEIGHT
    return DailyChart(title, unit, bars, zero, link(days[0], days[-1]))

"""The chart of a participation's scores, as coordinates for an SVG template. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from esports.models import ScoreEvent

WIDTH, HEIGHT = 640, 180
LEFT, RIGHT, TOP, BOTTOM = 70, 15, 15, 25


@dataclass(frozen=True)
class ChartPoint:
    """An accepted score event and its position in the chart."""

    x: float
    y: float
    event: ScoreEvent


@dataclass(frozen=True)
class ScoreChart:
    """The standing over time. `line` holds the coordinates of a stepped SVG polyline."""

    points: list[ChartPoint]
    line: str
    lowest: int
    highest: int
    first_at: datetime
    last_at: datetime
    # The height of the present score; None without a score.
    now_y: float | None
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def draw(events: Sequence[ScoreEvent], score: int | None) -> ScoreChart | None:
    """The chart of the standings after each of `events`, oldest first; `score` is the present one.

    None for fewer than two events, which make no line.
    """
    if len(events) < 2:
        return None
    levels = [event.standing for event in events] + ([] if score is None else [score])
    lowest, highest = min(levels), max(levels)
    first, last = events[0].accepted_at, events[-1].accepted_at
    points = [
        ChartPoint(_x(event.accepted_at, first, last), _y(event.standing, lowest, highest), event) for event in events
    ]
    now_y = None if score is None else _y(score, lowest, highest)
    return ScoreChart(points, _steps(points), lowest, highest, first, last, now_y)


def _x(at: datetime, first: datetime, last: datetime) -> float:
    span = (last - first).total_seconds()
    share = (at - first).total_seconds() / span if span else 0.0
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def _y(value: int, lowest: int, highest: int) -> float:
    share = (value - lowest) / (highest - lowest) if highest > lowest else 0.5
    return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)


def _steps(points: Sequence[ChartPoint]) -> str:
    """The polyline's coordinates: a standing holds until the next event, so each step goes across, then up or down."""
    corners = [f"{points[0].x},{points[0].y}"]
    for before, after in pairwise(points):
        corners += [f"{after.x},{before.y}", f"{after.x},{after.y}"]
    return " ".join(corners)

"""The forecast for templates: the house's result by field size, and the rounding of a sample field."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from esports import forecast
from esports.admin.forms import PrizesForm
from esports.forecast import ForecastPoint, Offer

WIDTH, HEIGHT = 720, 240
LEFT, RIGHT, TOP, BOTTOM = 78, 12, 10, 30
TICKS = 4
# Ticks nearer than this to the line of 0 are left out, because their texts would overlap.
NEAR = 14


@dataclass(frozen=True)
class ForecastChart:
    """An SVG chart: lines as (name, points), ticks as (position, text), and a description in words."""

    lines: list[tuple[str, str]]
    across: list[tuple[float, str]]
    up: list[tuple[float, str]]
    zero: float
    breaks_at: float | None
    description: str


def shown_forecast(form: PrizesForm, usual_percent: int) -> dict[str, Any]:
    """The forecast template's context for a validated form; without a valid table only its refusals."""
    offer = form.offer()
    if offer is None:
        return {"offer": None, "refusals": [text for texts in form.errors.values() for text in texts]}
    percent = form.cleaned_data.get("scoring_percent") or usual_percent
    field_size = min(form.cleaned_data.get("sample_field") or offer.size, offer.size)
    return {"refusals": [text for texts in form.errors.values() for text in texts]} | of_offer(
        offer, percent=percent, field_size=field_size, breaks_at=form.breaks_at
    )


def of_offer(offer: Offer, *, percent: int, field_size: int, breaks_at: int | None = None) -> dict[str, Any]:
    """The chart, the results at the smallest, largest and sample field, and the rounding of the sample field."""
    points = forecast.curve(offer, percent=percent, also=[field_size, *([breaks_at] if breaks_at else [])])
    known = {point.field_size: point for point in points}
    edges = {points[-1].field_size: "full", points[0].field_size: "fewest"} | {field_size: "sample"}
    return {
        "offer": offer,
        "breaks_at": breaks_at,
        "percent": percent,
        "chart": _chart(points, breaks_at),
        "edges": [(name, known[field]) for field, name in sorted(edges.items()) if field in known],
        "lowest": min(points, key=lambda point: point.least),
        "computed": len(points),
        "field_size": field_size,
        "bands": forecast.sample(offer, field_size),
        "all_ranked": forecast.outcome(offer, field_size, field_size),
    }


def _chart(points: Sequence[ForecastPoint], breaks_at: int | None) -> ForecastChart:
    sizes = [point.field_size for point in points]
    values = [value for point in points for value in (point.least, point.expected, point.most)]
    low, high = min(0, *values), max(1, *values)
    x = _scale(sizes[0], max(sizes[-1], sizes[0] + 1), LEFT, WIDTH - RIGHT)
    y = _scale(low, high, HEIGHT - BOTTOM, TOP)
    lines = [
        (name, " ".join(f"{x(point.field_size)},{y(getattr(point, name))}" for point in points))
        for name in ("most", "expected", "least")
    ]
    return ForecastChart(
        lines,
        [(x(size), f"{size:,}") for size in sorted(set(_ticks(sizes[0], sizes[-1])))],
        [(y(value), f"{value:,}") for value in _ticks(low, high) if not 0 < abs(y(value) - y(0)) < NEAR]
        + [(y(0), "0")],
        y(0),
        x(breaks_at) if breaks_at is not None and breaks_at in sizes else None,
        _description(points),
    )


def _description(points: Sequence[ForecastPoint]) -> str:
    first, last = points[0], points[-1]
    return (
        f"The house's result over the field size: with {first.field_size:,} gamers from {first.least:,} to "
        f"{first.most:,}, expected {first.expected:,}; with {last.field_size:,} gamers from {last.least:,} to "
        f"{last.most:,}, expected {last.expected:,}."
    )


def _scale(low: int, high: int, start: float, end: float) -> Callable[[int], float]:
    return lambda value: round(start + (end - start) * ((value - low) / (high - low)), 1)


def _ticks(low: int, high: int) -> list[int]:
    return [low + (high - low) * step // TICKS for step in range(TICKS + 1)]

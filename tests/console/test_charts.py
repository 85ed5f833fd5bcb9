"""Charts drawn by the server: where the zero is, and how high a day stands."""

from datetime import date, timedelta

import pytest

from console.home.charts import HEIGHT, WIDTH, draw

DAYS = [date(2026, 1, 1) + timedelta(days=number) for number in range(4)]


def drawn(*numbers: int) -> list[tuple[float, float]]:
    """(top, height) of the days' bars."""
    chart = draw("", "", DAYS, dict(zip(DAYS, numbers, strict=True)), lambda first, last: "")
    assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH for bar in chart.bars)
    return [(bar.y, bar.height) for bar in chart.bars]


def test_the_highest_day_fills_the_chart() -> None:
    assert drawn(0, 5, 10, 0) == [(HEIGHT, 0), (HEIGHT / 2, HEIGHT / 2), (0, HEIGHT), (HEIGHT, 0)]


def test_a_negative_bar_hangs_from_zero() -> None:
    assert drawn(5, -5, 0, 0)[:2] == [(0, HEIGHT / 2), (HEIGHT / 2, HEIGHT / 2)]


def test_a_small_day_has_a_visible_bar() -> None:
    assert drawn(1, 10**9, 0, 0)[0][1] == 1


@pytest.mark.parametrize(("numbers", "zero"), [({}, HEIGHT), ({DAYS[0]: -3}, 0), ({DAYS[0]: 3}, HEIGHT)])
def test_the_chart_draws_its_line_at_zero(numbers: dict[date, int], zero: float) -> None:
    chart = draw("", "", DAYS, numbers, lambda first, last: "")
    assert chart.zero == zero
    assert (chart.total, chart.today.day) == (sum(numbers.values()), DAYS[-1])

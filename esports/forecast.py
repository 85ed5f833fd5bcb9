"""Forecast: the house's result of a prize table at every possible field size.

The stakes of a field are known. The prizes that it wins depend on how many gamers post a score, because a prize whose
rank nobody holds is remainder. So each field size has a least result (every gamer is ranked), a most (one gamer is)
and an expected one (a given percentage is).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from esports import prizes
from esports.prizes import PrizeBands, PrizeRange

# The most field sizes on a curve; where there are no more, it has all of them.
MOST_POINTS = 240


@dataclass(frozen=True, slots=True)
class Offer:
    """The terms that a forecast depends on. Amounts in whole units."""

    table: PrizeBands
    buy_in: int
    size: int
    least: int
    sponsorship: int


@dataclass(frozen=True, slots=True)
class ForecastResult:
    """The division of one field's stakes and sponsorship."""

    field_size: int
    ranked: int
    stakes: int
    prizes: int
    house: int
    to_sponsor: int


@dataclass(frozen=True, slots=True)
class ForecastPoint:
    """The house's result at one field size; a negative one is a deficit."""

    field_size: int
    least: int
    expected: int
    most: int


def outcome(offer: Offer, field_size: int, ranked: int) -> ForecastResult:
    """The division of a field's money if `ranked` gamers have a rank. A field below the minimum, without a score or
    without prizes is cancelled, and all stakes go back.

    The house's result is negative where the prizes exceed what came in: no such table is ever published.
    """
    stakes = field_size * offer.buy_in
    won = _won(offer, field_size, min(ranked, field_size))
    if won is None:
        return ForecastResult(field_size, 0, 0, 0, 0, offer.sponsorship)
    missing = won - stakes - offer.sponsorship
    house = -missing if missing > 0 else max(0, stakes - won)
    return ForecastResult(field_size, ranked, stakes, won, house, max(0, min(offer.sponsorship, -missing - house)))


def _won(offer: Offer, field_size: int, ranked: int) -> int | None:
    """The sum that the first `ranked` ranks win; None if such a field is cancelled."""
    ranges = sample(offer, field_size)
    if field_size < offer.least or not ranked or not ranges:
        return None
    return sum(max(0, min(won.to_rank, ranked) - won.from_rank + 1) * won.amount for won in ranges)


def sample(offer: Offer, field_size: int) -> list[PrizeRange]:
    """The ranks of a field that win, and what each wins."""
    return prizes.rank_prizes(offer.table, field_size=field_size, buy_in=offer.buy_in, sponsorship=offer.sponsorship)


def expected_ranked(field_size: int, percent: int) -> int:
    """The number of ranked gamers if this percentage of the field is ranked: at least one."""
    return max(1, field_size * percent // 100)


def curve(offer: Offer, *, percent: int, also: Sequence[int] = ()) -> list[ForecastPoint]:
    """The results over the field sizes from the minimum to the size, with those of `also`."""
    return [_point(offer, field_size, percent) for field_size in _fields(offer, also)]


def _point(offer: Offer, field_size: int, percent: int) -> ForecastPoint:
    least, expected, most = (
        outcome(offer, field_size, ranked).house for ranked in (field_size, expected_ranked(field_size, percent), 1)
    )
    return ForecastPoint(field_size, least, expected, most)


def _fields(offer: Offer, also: Sequence[int]) -> list[int]:
    first = min(offer.least, offer.size)
    span = offer.size - first
    steps = min(span, MOST_POINTS - 1)
    even = {first + span * step // steps for step in range(steps + 1)} if steps else {first}
    return sorted(even | {field for field in also if first <= field <= offer.size})

"""What a prize table brings the house, seen over the sizes that the field may come to.

The stakes of a field are known; which prizes are won depends on how many of it post a score, since a prize whose rank
nobody holds is remainder. So for each field there is a least (everybody is ranked), a most (one gamer is) and an
expected result (so many per cent are).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from esports import prizes
from esports.prizes import PrizeBands

# So many fields are looked at; all of them where there are no more.
MOST_POINTS = 240


@dataclass(frozen=True, slots=True)
class Offer:
    """The terms that the result depends on. Amounts in whole units."""

    table: PrizeBands
    buy_in: int
    size: int
    least: int
    sponsorship: int


@dataclass(frozen=True, slots=True)
class ForecastResult:
    """What becomes of the stakes and the sponsorship of one field."""

    field_size: int
    ranked: int
    stakes: int
    prizes: int
    house: int
    to_sponsor: int


@dataclass(frozen=True, slots=True)
class ForecastPoint:
    """The house's result for one field; below 0 what would be missing."""

    field_size: int
    least: int
    expected: int
    most: int


@dataclass(frozen=True, slots=True)
class Band:
    """Ranks that win the same."""

    from_rank: int
    to_rank: int
    each: int

    @property
    def total(self) -> int:
        """What they win together."""
        return (self.to_rank - self.from_rank + 1) * self.each


def outcome(offer: Offer, field_size: int, ranked: int) -> ForecastResult:
    """Where every unit of a field goes if `ranked` of it hold a rank. Nothing is won where nobody can win anything:
    below the minimum, or without a score, all stakes go back.

    The house's result is negative where the prizes come to more than what came in: no such table is ever published.
    """
    stakes = field_size * offer.buy_in
    won = _won(offer, field_size, min(ranked, field_size))
    if won is None:
        return ForecastResult(field_size, 0, 0, 0, 0, offer.sponsorship)
    missing = won - stakes - offer.sponsorship
    house = -missing if missing > 0 else max(0, stakes - won)
    return ForecastResult(field_size, ranked, stakes, won, house, max(0, min(offer.sponsorship, -missing - house)))


def _won(offer: Offer, field_size: int, ranked: int) -> int | None:
    """What the first `ranked` win together; None if such a field is cancelled."""
    ranges = sample(offer, field_size)
    if field_size < offer.least or not ranked or not ranges:
        return None
    return sum(max(0, min(band.to_rank, ranked) - band.from_rank + 1) * band.each for band in ranges)


def sample(offer: Offer, field_size: int) -> list[Band]:
    """Which ranks of a field win what, rounded as it will be."""
    terms = {"field_size": field_size, "buy_in": offer.buy_in, "sponsorship": offer.sponsorship}
    return [Band(*row) for row in prizes.rank_prizes(offer.table, **terms)]


def expected_ranked(field_size: int, percent: int) -> int:
    """How many of a field hold a rank if so many per cent do: one at least."""
    return max(1, field_size * percent // 100)


def curve(offer: Offer, *, percent: int, also: Sequence[int] = ()) -> list[ForecastPoint]:
    """The results over the fields from the minimum to the size, and over the fields of `also`."""
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

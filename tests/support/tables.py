"""Prize tables of every shape for property tests."""

from itertools import pairwise

from hypothesis import strategies as st

from esports.prizes import FixedBand, MultipleBand, PrizeBands, ShareBand


@st.composite
def parts_of_the_whole(draw, count):
    """`count` positive basis points that add up to at most 10,000."""
    edges = draw(st.lists(st.integers(1, 10_000), min_size=count, max_size=count, unique=True))
    ordered = [0, *sorted(edges)]
    return [upper - lower for lower, upper in pairwise(ordered)]


@st.composite
def widths(draw, count):
    """`count` contiguous ranges of ranks from 1."""
    to_rank = 0
    ranges = []
    for width in draw(st.lists(st.integers(1, 30), min_size=count, max_size=count)):
        ranges.append((to_rank + 1, to_rank + width))
        to_rank += width
    return ranges


@st.composite
def multiples(draw):
    percents = draw(parts_of_the_whole(draw(st.integers(1, 8))))
    if draw(st.booleans()):  # whole per cents or tenths, as people write them: short periods
        percents = [max(1, percent // 10 * 10) for percent in percents]
    multiple_bp = st.sampled_from([0, 5_000, 10_000, 15_000, 40_000]) | st.integers(0, 60_000)
    return PrizeBands("multiples", tuple(MultipleBand(percent, draw(multiple_bp)) for percent in percents))


@st.composite
def fixed(draw):
    ranges = draw(widths(draw(st.integers(1, 8))))
    return PrizeBands("fixed", tuple(FixedBand(low, high, draw(st.integers(1, 60))) for low, high in ranges))


@st.composite
def shares(draw):
    ranges = draw(widths(draw(st.integers(1, 8))))
    parts = draw(parts_of_the_whole(len(ranges)))
    return PrizeBands("shares", tuple(ShareBand(*ranks, part) for ranks, part in zip(ranges, parts, strict=True)))


tables = st.one_of(multiples(), fixed(), shares())
buy_ins = st.integers(0, 60) | st.sampled_from([0, 1, 7, 50, 97, 9_973])

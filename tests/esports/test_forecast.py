"""What a table brings the house is what the settlement would book, for every field and every number of scores."""

from hypothesis import given
from hypothesis import strategies as st

from esports import forecast, prizes
from esports.forecast import Offer
from esports.prizes import DEFAULT_TABLE, FixedBand, MultipleBand, PrizeBands, ShareBand


@st.composite
def tables(draw: st.DrawFn) -> PrizeBands:
    """A table of any kind."""
    kind = draw(st.sampled_from(["multiples", "fixed", "shares"]))
    widths = draw(st.lists(st.integers(1, 9), min_size=1, max_size=4))
    edges = [sum(widths[: index + 1]) for index in range(len(widths))]
    pays = draw(st.lists(st.integers(1, 2000), min_size=len(widths), max_size=len(widths)))
    ranks = [(edge - width + 1, edge) for edge, width in zip(edges, widths, strict=True)]
    match kind:
        case "multiples":
            return PrizeBands(
                "multiples", tuple(MultipleBand(100 * w, 10 * p) for w, p in zip(widths, pays, strict=True))
            )
        case "fixed":
            return PrizeBands("fixed", tuple(FixedBand(a, b, p) for (a, b), p in zip(ranks, pays, strict=True)))
    return PrizeBands("shares", tuple(ShareBand(a, b, p) for (a, b), p in zip(ranks, pays, strict=True)))


@given(tables(), st.integers(0, 500), st.integers(0, 5000), st.integers(1, 60), st.integers(0, 60))
def test_a_forecast_equals_the_settlement_that_would_be_booked(
    table: PrizeBands, buy_in: int, sponsorship: int, field_size: int, ranked: int
) -> None:
    ranked = min(ranked, field_size)
    offer = Offer(table, buy_in, size=60, least=1, sponsorship=sponsorship)
    found = forecast.outcome(offer, field_size, ranked)
    terms = {"field_size": field_size, "buy_in": buy_in, "sponsorship": sponsorship}
    if not ranked or not prizes.pays_anybody(table, **terms):
        assert (found.prizes, found.house, found.to_sponsor) == (0, 0, sponsorship)
        return
    if prizes.total(table, **terms) > field_size * buy_in + sponsorship:
        assert forecast.outcome(offer, field_size, field_size).house < 0
        return
    booked = prizes.allocate(table, **terms, scores=[7] * ranked, tie_rule="split")
    assert (found.prizes, found.house, found.to_sponsor) == (sum(booked.prizes), booked.to_house, booked.to_sponsor)
    assert found.stakes + sponsorship == found.prizes + found.house + found.to_sponsor


def test_the_curve_spans_the_minimum_to_all_seats_in_bounded_steps() -> None:
    offer = Offer(DEFAULT_TABLE, 10, size=1_000_000, least=3, sponsorship=0)
    points = forecast.curve(offer, percent=80, also=[14, 999, 2_000_000])
    sizes = [point.field_size for point in points]
    assert (sizes[0], sizes[-1]) == (3, 1_000_000)
    assert {14, 999} < set(sizes)
    assert len(sizes) <= forecast.MOST_POINTS + 2
    assert sizes == sorted(set(sizes))
    assert all(0 <= point.least <= point.expected <= point.most for point in points)


def test_the_forecast_of_a_small_field_has_every_size() -> None:
    offer = Offer(DEFAULT_TABLE, 10, size=14, least=3, sponsorship=0)
    points = forecast.curve(offer, percent=50)
    assert [point.field_size for point in points] == list(range(3, 15))
    assert (points[-1].least, points[-1].expected, points[-1].most) == (45, 45, 100)

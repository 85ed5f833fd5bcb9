"""Prizes: the contract's own examples, and the arithmetic against a slow and obvious reckoning of it."""

import math
import time
from fractions import Fraction

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from esports.errors import PrizeTableInsolvent
from esports.prizes import (
    DEFAULT_TABLE,
    FixedBand,
    MultipleBand,
    PrizeBands,
    ShareBand,
    allocate,
    pays_anybody,
    prove_solvent,
    rank_prizes,
    total,
)
from tests.support.tables import buy_ins, multiples, tables

# --- The same, slowly


def prize_of(table, rank, field_size, buy_in, sponsorship):
    """The prize of one rank as the contract words it, with exact fractions until the last step."""
    cumulative = 0
    for band in table.bands:
        match band:
            case MultipleBand(percent_bp, multiple_bp):
                cumulative += percent_bp
                if rank <= math.floor(Fraction(cumulative, 10_000) * field_size):
                    return math.floor(Fraction(multiple_bp, 10_000) * buy_in)
            case FixedBand(low, high, amount):
                if low <= rank <= high:
                    return amount
            case ShareBand(low, high, share_bp):
                if low <= rank <= high:
                    pool = field_size * buy_in + sponsorship
                    return math.floor(Fraction(share_bp, 10_000) * pool / (high - low + 1))
    return 0


def smallest_insolvent(table, low, high, buy_in, sponsorship):
    return next(
        (
            n
            for n in range(low, high + 1)
            if total(table, field_size=n, buy_in=buy_in, sponsorship=sponsorship) > n * buy_in + sponsorship
        ),
        None,
    )


def proved_insolvent(table, low, high, buy_in, sponsorship):
    try:
        prove_solvent(table, min_participants=low, size=high, buy_in=buy_in, sponsorship=sponsorship)
    except PrizeTableInsolvent as refusal:
        return refusal.extra["field_size"]
    return None


# --- What a table pays


def test_the_default_table_pays_five_of_fourteen():
    terms = {"field_size": 14, "buy_in": 50, "sponsorship": 0}
    assert rank_prizes(DEFAULT_TABLE, **terms) == [(1, 1, 200), (2, 4, 75), (5, 5, 50)]
    assert total(DEFAULT_TABLE, **terms) == 475


def test_a_field_of_100_pays_all_four_bands_and_85_percent():
    terms = {"field_size": 100, "buy_in": 50, "sponsorship": 0}
    assert rank_prizes(DEFAULT_TABLE, **terms) == [(1, 1, 300), (2, 11, 200), (12, 31, 75), (32, 40, 50)]
    assert total(DEFAULT_TABLE, **terms) == 100 * 50 * 85 // 100


@pytest.mark.parametrize(("field_size", "expected"), [(0, False), (2, False), (3, True)])
def test_the_default_table_pays_no_prize_below_three_gamers(field_size, expected):
    assert pays_anybody(DEFAULT_TABLE, field_size=field_size, buy_in=50, sponsorship=0) is expected


def test_multiples_of_a_zero_buy_in_pay_no_prize():
    assert not pays_anybody(DEFAULT_TABLE, field_size=100, buy_in=0, sponsorship=1_000)


def test_a_fraction_of_a_unit_is_dropped_per_prize():
    assert rank_prizes(DEFAULT_TABLE, field_size=10, buy_in=7, sponsorship=0) == [
        (1, 1, 28),
        (2, 3, 10),
        (4, 4, 7),
    ]


def test_fixed_prizes_stop_at_the_field():
    table = PrizeBands("fixed", (FixedBand(1, 1, 100), FixedBand(2, 5, 10), FixedBand(6, 9, 1)))
    assert rank_prizes(table, field_size=3, buy_in=0, sponsorship=200) == [(1, 1, 100), (2, 3, 10)]
    assert total(table, field_size=3, buy_in=0, sponsorship=200) == 120


def test_shares_are_of_stakes_and_sponsorship_and_split_by_the_whole_band():
    table = PrizeBands("shares", (ShareBand(1, 1, 5_000), ShareBand(2, 4, 5_000)))
    terms = {"field_size": 3, "buy_in": 10, "sponsorship": 71}
    assert rank_prizes(table, **terms) == [(1, 1, 50), (2, 3, 16)]
    assert total(table, **terms) == 82


@settings(max_examples=150)
@given(tables, st.integers(0, 150), buy_ins, st.integers(0, 500))
@example(DEFAULT_TABLE, 14, 50, 0)
def test_every_rank_wins_what_the_contract_says(table, field_size, buy_in, sponsorship):
    terms = {"field_size": field_size, "buy_in": buy_in, "sponsorship": sponsorship}
    expected = [prize_of(table, rank, field_size, buy_in, sponsorship) for rank in range(1, field_size + 1)]
    ranges = rank_prizes(table, **terms)
    prizes = [0] * field_size
    for low, high, amount in ranges:
        assert 1 <= low <= high <= field_size
        assert amount > 0
        assert not any(prizes[low - 1 : high]), "ranges overlap"
        prizes[low - 1 : high] = [amount] * (high - low + 1)
    assert prizes == expected
    assert ranges == sorted(ranges)
    assert total(table, **terms) == sum(expected)
    assert pays_anybody(table, **terms) is (sum(expected) > 0)


@settings(max_examples=150)
@given(multiples(), st.integers(0, 1_000_000), buy_ins)
def test_falling_multiples_never_pay_more_than_their_nominal_share(table, field_size, buy_in):
    falling = sorted(table.bands, key=lambda band: -band.multiple_bp)
    nominal = sum(Fraction(band.percent_bp * band.multiple_bp, 10_000**2) for band in falling)
    paid = total(PrizeBands("multiples", tuple(falling)), field_size=field_size, buy_in=buy_in, sponsorship=0)
    assert paid <= nominal * field_size * buy_in


# --- Who gets what


def test_fourteen_stakes_are_divided_among_prizes_and_house():
    allocation = allocate(
        DEFAULT_TABLE,
        field_size=14,
        buy_in=50,
        sponsorship=0,
        scores=range(14, 0, -1),
        tie_rule="first_to_reach",
    )
    assert allocation.prizes == [200, 75, 75, 75, 50] + [0] * 9
    assert (allocation.to_house, allocation.to_sponsor) == (225, 0)


def test_the_prize_of_an_unheld_rank_goes_to_the_house():
    allocation = allocate(
        DEFAULT_TABLE, field_size=14, buy_in=50, sponsorship=0, scores=[9, 8], tie_rule="first_to_reach"
    )
    assert allocation.prizes == [200, 75]
    assert allocation.to_house == 14 * 50 - 275


@pytest.mark.parametrize(("amount", "to_house", "to_sponsor"), [(90, 10, 40), (100, 0, 40), (101, 0, 39), (140, 0, 0)])
def test_stakes_pay_first_and_unused_sponsorship_returns_to_the_sponsor(amount, to_house, to_sponsor):
    allocation = allocate(
        PrizeBands("fixed", (FixedBand(1, 1, amount),)),
        field_size=10,
        buy_in=10,
        sponsorship=40,
        scores=[1],
        tie_rule="first_to_reach",
    )
    assert allocation.prizes == [amount]
    assert (allocation.to_house, allocation.to_sponsor) == (to_house, to_sponsor)


def test_ties_split_their_prizes_and_the_remainder_goes_by_rank():
    # Ranks 1 to 5 win 200, 75, 75, 75, 50; ranks 1 and 2 tie, and so do ranks 4 to 6.
    scores = [9, 9, 8, 7, 7, 7, 6]
    terms = {"field_size": 14, "buy_in": 50, "sponsorship": 0, "scores": scores}
    assert allocate(DEFAULT_TABLE, **terms, tie_rule="split").prizes == [138, 137, 75, 42, 42, 41, 0]
    assert allocate(DEFAULT_TABLE, **terms, tie_rule="first_to_reach").prizes == [200, 75, 75, 75, 50, 0, 0]


def test_an_insolvent_field_is_refused_not_overdrawn():
    table = PrizeBands("fixed", (FixedBand(1, 1, 31),))
    with pytest.raises(PrizeTableInsolvent) as refusal:
        allocate(table, field_size=3, buy_in=10, sponsorship=0, scores=[1], tie_rule="split")
    assert refusal.value.extra == {"field_size": 3}


def test_more_ranked_gamers_than_the_field_are_a_bug():
    with pytest.raises(ValueError, match="field of 2"):
        allocate(DEFAULT_TABLE, field_size=2, buy_in=1, sponsorship=0, scores=[3, 2, 1], tie_rule="split")


@settings(max_examples=200)
@given(
    tables,
    st.integers(1, 120),
    buy_ins,
    st.integers(0, 5_000),
    st.sampled_from(["first_to_reach", "split"]),
    st.data(),
)
def test_an_allocation_creates_and_loses_no_unit(table, field_size, buy_in, sponsorship, tie_rule, data):
    terms = {"field_size": field_size, "buy_in": buy_in, "sponsorship": sponsorship}
    assume(total(table, **terms) <= field_size * buy_in + sponsorship)
    scores = sorted(data.draw(st.lists(st.integers(-3, 3), max_size=field_size)), reverse=True)
    allocation = allocate(table, **terms, scores=scores, tie_rule=tie_rule)
    by_rank = [prize_of(table, rank, field_size, buy_in, sponsorship) for rank in range(1, len(scores) + 1)]

    assert len(allocation.prizes) == len(scores)
    assert min([*allocation.prizes, allocation.to_house, allocation.to_sponsor]) >= 0
    assert sum(allocation.prizes) + allocation.to_house + allocation.to_sponsor == field_size * buy_in + sponsorship
    assert allocation.to_sponsor <= sponsorship
    assert allocation.to_house == 0 or allocation.to_sponsor == sponsorship, "stakes pay first"
    assert sum(allocation.prizes) == sum(by_rank)
    if tie_rule == "first_to_reach":
        assert allocation.prizes == by_rank
        return
    for score in set(scores):
        positions = [i for i, other in enumerate(scores) if other == score]
        shared = [allocation.prizes[i] for i in positions]
        assert sum(shared) == sum(by_rank[i] for i in positions), "a tie shares exactly its own prizes"
        assert shared == sorted(shared, reverse=True)
        assert shared[0] - shared[-1] <= 1


# --- The proof of solvency


def test_the_default_table_is_solvent_for_any_field():
    for buy_in in (1, 7, 50):
        prove_solvent(DEFAULT_TABLE, min_participants=1, size=1_000_000, buy_in=buy_in, sponsorship=0)


def test_rising_multiples_overdraw_a_field_whose_first_band_rounds_to_zero():
    # Of 2, the first 40 % are nobody and the next 20 % are one gamer, who would win three stakes.
    table = PrizeBands("multiples", (MultipleBand(4_000, 0), MultipleBand(2_000, 30_000)))
    assert proved_insolvent(table, 1, 100, 10, 0) == 2
    assert proved_insolvent(table, 1, 100, 10, 10) is None
    assert proved_insolvent(table, 3, 100, 10, 0) is None


def test_a_multiple_fails_at_the_first_field_that_outgrows_the_sponsorship():
    table = PrizeBands("multiples", (MultipleBand(10_000, 10_001),))  # everyone wins 10,001 of 10,000
    assert proved_insolvent(table, 1, 1_000_000, 10_000, 900_000) == 900_001
    assert proved_insolvent(table, 1, 900_000, 10_000, 900_000) is None
    assert proved_insolvent(table, 950_000, 1_000_000, 10_000, 900_000) == 950_000


def test_the_proof_finds_a_tiny_band_that_overdraws_only_a_large_field():
    # One in 10,000 wins 6,000 stakes: the first one does where the odd half of 5,001 gamers rounds up.
    table = PrizeBands("multiples", (MultipleBand(5_000, 0), MultipleBand(1, 60_000_000)))
    assert smallest_insolvent(table, 1, 10_000, 10, 0) == 5_001
    assert proved_insolvent(table, 1, 10_000, 10, 0) == 5_001
    assert proved_insolvent(table, 6_001, 1_000_000, 10, 0) is None


def test_fixed_prizes_need_the_stakes_or_the_sponsor_of_the_smallest_field():
    table = PrizeBands("fixed", (FixedBand(1, 1, 100), FixedBand(2, 10, 15)))
    assert proved_insolvent(table, 3, 100, 10, 0) == 3
    assert proved_insolvent(table, 3, 100, 10, 134) == 10  # 235 prizes of 234 units
    assert proved_insolvent(table, 3, 9, 10, 134) is None
    assert proved_insolvent(table, 3, 100, 10, 135) is None
    assert proved_insolvent(table, 23, 100, 10, 0) == 23
    assert proved_insolvent(table, 24, 100, 10, 0) is None


def test_shares_never_exceed_the_pool():
    table = PrizeBands("shares", (ShareBand(1, 1, 9_999), ShareBand(2, 3, 1)))
    assert proved_insolvent(table, 1, 1_000_000, 0, 0) is None


def test_the_refusal_names_the_smallest_insolvent_field():
    with pytest.raises(PrizeTableInsolvent) as refusal:
        prove_solvent(
            PrizeBands("fixed", (FixedBand(1, 1, 100),)),
            min_participants=5,
            size=20,
            buy_in=10,
            sponsorship=0,
        )
    assert (refusal.value.status, refusal.value.code) == (400, "PRIZE_TABLE_INSOLVENT")
    assert refusal.value.extra == {"field_size": 5}
    assert "5 participants" in refusal.value.detail


@settings(max_examples=250)
@given(tables, st.integers(1, 60), st.integers(0, 400), buy_ins, st.integers(0, 400), st.booleans())
def test_the_proof_agrees_with_trying_every_field(table, low, span, buy_in, sponsorship, tight):
    if tight:  # where it is close: the sponsorship that just covers, or just misses, some field
        n = low + span // 2
        short = total(table, field_size=n, buy_in=buy_in, sponsorship=0) - n * buy_in
        sponsorship = max(0, short - sponsorship % 2)
    expected = smallest_insolvent(table, low, low + span, buy_in, sponsorship)
    assert proved_insolvent(table, low, low + span, buy_in, sponsorship) == expected


@settings(max_examples=25)
@given(
    st.lists(st.integers(1, 400), min_size=1, max_size=4),
    st.data(),
    st.integers(1, 9_999),
    st.integers(0, 300),
)
def test_the_proof_agrees_beyond_its_period(percents, data, low, sponsorship):
    multiple_bp = st.integers(9_000, 11_000).map(lambda bp: bp * 10_000 // sum(percents) // 100 * 100)
    table = PrizeBands("multiples", tuple(MultipleBand(bp, data.draw(multiple_bp)) for bp in percents))
    expected = smallest_insolvent(table, low, low + 25_000, 100, sponsorship * 100)
    assert proved_insolvent(table, low, low + 25_000, 100, sponsorship * 100) == expected


def test_the_proof_is_fast_for_a_hundred_bands_and_a_million_seats():
    # Edges about the middle of the whole are the most work; 4,951 = prime, so nothing cancels.
    bands = [MultipleBand(4_951, 10_000)]
    bands += [MultipleBand(1, 10_000 + (i % 2)) for i in range(99)]
    table = PrizeBands("multiples", tuple(bands))
    terms = {"min_participants": 3, "size": 1_000_000, "buy_in": 2**32, "sponsorship": 2**40}
    best = math.inf
    for _ in range(3):
        started = time.process_time()
        prove_solvent(table, **terms)
        best = min(best, time.process_time() - started)
    assert best < 0.4  # about 0.06 s; trying every field takes minutes

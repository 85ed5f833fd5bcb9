"""Prizes: what a table pays for a final ranking, and the proof that it never pays more than comes in.

Amounts are whole units of the client's currency; proportions are basis points (10,000 = the whole).
Everything is integer arithmetic, rounded down, so that no unit is ever made or lost.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate, groupby, repeat
from math import gcd, sumprod
from operator import floordiv
from typing import Any, Literal, NamedTuple, TypedDict

from esports.errors import PrizeTableInsolvent, PrizeTableInvalid

WHOLE_BP = 10_000
MAX_BANDS = 100
MAX_NAME_LENGTH = 200
MAX_RANK = 1_000_000
MAX_MULTIPLE_BP = 100_000_000
MAX_AMOUNT = 2**53 - 1

Kind = Literal["multiples", "fixed", "shares"]
TieRule = Literal["first_to_reach", "split"]


@dataclass(frozen=True, slots=True)
class MultipleBand:
    """The next `percent_bp` of the field win `multiple_bp` of the buy-in each."""

    percent_bp: int
    multiple_bp: int


@dataclass(frozen=True, slots=True)
class FixedBand:
    """The ranks from `from_rank` to `to_rank`, both included, win `amount` units each."""

    from_rank: int
    to_rank: int
    amount: int


@dataclass(frozen=True, slots=True)
class ShareBand:
    """The ranks from `from_rank` to `to_rank` split `share_bp` of stakes and sponsorship evenly."""

    from_rank: int
    to_rank: int
    share_bp: int


Band = MultipleBand | FixedBand | ShareBand


@dataclass(frozen=True, slots=True)
class PrizeBands:
    """Bands of the final ranking, best first, all of one kind. `parse_table` makes only valid ones."""

    kind: Kind
    bands: tuple[Band, ...]
    name: str = ""


class PrizeTerms(TypedDict):
    """The amounts that prizes depend on, besides the table."""

    field_size: int
    buy_in: int
    sponsorship: int


class PrizeRange(NamedTuple):
    """The ranks from `from_rank` to `to_rank`, both included, win `amount` units each."""

    from_rank: int
    to_rank: int
    amount: int

    @property
    def total(self) -> int:
        """The sum of their prizes."""
        return (self.to_rank - self.from_rank + 1) * self.amount


@dataclass(frozen=True, slots=True)
class Allocation:
    """The destination of every unit: `prizes[i]` to rank i + 1, the rest to the house and back to the sponsor."""

    prizes: list[int]
    to_house: int
    to_sponsor: int


# The published protocol's own table: 40 % of the field win, and at most 85 % of the stakes are paid out.
DEFAULT_TABLE = PrizeBands(
    kind="multiples",
    bands=(
        MultipleBand(percent_bp=100, multiple_bp=60_000),
        MultipleBand(percent_bp=1_000, multiple_bp=40_000),
        MultipleBand(percent_bp=2_000, multiple_bp=15_000),
        MultipleBand(percent_bp=900, multiple_bp=10_000),
    ),
    name="default",
)


# --- The wire form


def parse_table(raw: object) -> PrizeBands:
    """The table that a decoded JSON value describes; unknown members are ignored.

    :raises PrizeTableInvalid: naming the first fault. The caller's values are never echoed.
    """
    if not isinstance(raw, dict):
        raise PrizeTableInvalid("The prize table must be an object.")
    kind, name = _kind(raw.get("kind")), _name(raw.get("name"))
    rows = raw.get("bands")
    if not isinstance(rows, list) or not 1 <= len(rows) <= MAX_BANDS:
        raise PrizeTableInvalid(f"bands must be a list of 1 to {MAX_BANDS} bands.")
    bands = tuple(_band(kind, row, f"bands[{index}]") for index, row in enumerate(rows))
    _check_contiguous(bands)
    _check_whole(bands)
    return PrizeBands(kind, bands, name)


def to_wire(table: PrizeBands) -> dict[str, object]:
    """The JSON form of a table; `parse_table` reads it back as the same table."""
    wire: dict[str, object] = {"kind": table.kind, "bands": [asdict(band) for band in table.bands]}
    return {"name": table.name, **wire} if table.name else wire


def _kind(value: object) -> Kind:
    match value:
        case "multiples" | "fixed" | "shares":
            return value
    raise PrizeTableInvalid("kind must be multiples, fixed or shares.")


def _name(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > MAX_NAME_LENGTH:
        raise PrizeTableInvalid(f"name must be a text of at most {MAX_NAME_LENGTH} characters.")
    # PostgreSQL can store neither.
    if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in value):
        raise PrizeTableInvalid("name must hold no NUL and no lone surrogate.")
    return value


def _band(kind: Kind, row: object, where: str) -> Band:
    if not isinstance(row, dict):
        raise PrizeTableInvalid(f"{where} must be an object.")

    def integer(member: str, lowest: int, highest: int) -> int:
        value = row.get(member)
        # A bool is an int to Python, not to JSON.
        if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
            raise PrizeTableInvalid(f"{where}.{member} must be an integer from {lowest} to {highest}.")
        return value

    if kind == "multiples":
        return MultipleBand(integer("percent_bp", 1, WHOLE_BP), integer("multiple_bp", 0, MAX_MULTIPLE_BP))
    from_rank, to_rank = integer("from_rank", 1, MAX_RANK), integer("to_rank", 1, MAX_RANK)
    if kind == "fixed":
        return FixedBand(from_rank, to_rank, integer("amount", 1, MAX_AMOUNT))
    return ShareBand(from_rank, to_rank, integer("share_bp", 1, WHOLE_BP))


def _check_contiguous(bands: tuple[Band, ...]) -> None:
    next_rank = 1
    for index, band in enumerate(bands):
        if isinstance(band, MultipleBand):
            return
        if band.from_rank != next_rank:
            raise PrizeTableInvalid(f"bands[{index}].from_rank must be {next_rank}: ranks leave no gap.")
        if band.to_rank < band.from_rank:
            raise PrizeTableInvalid(f"bands[{index}].to_rank must not be before its from_rank.")
        next_rank = band.to_rank + 1


def _check_whole(bands: tuple[Band, ...]) -> None:
    if sum(band.percent_bp for band in bands if isinstance(band, MultipleBand)) > WHOLE_BP:
        raise PrizeTableInvalid(f"The percent_bp of all bands must not add up to more than {WHOLE_BP}.")
    if sum(band.share_bp for band in bands if isinstance(band, ShareBand)) > WHOLE_BP:
        raise PrizeTableInvalid(f"The share_bp of all bands must not add up to more than {WHOLE_BP}.")


# --- What a table pays


def rank_prizes(table: PrizeBands, *, field_size: int, buy_in: int, sponsorship: int) -> list[PrizeRange]:
    """The ranks that win in a field of `field_size`, best first.

    Ranks beyond the field and ranks that win nothing are left out, so there are at most as many ranges
    as bands. The prize of a rank does not depend on who holds it: fractions are dropped per prize.
    """
    return list(_ranges(table, field_size, buy_in, sponsorship))


def total(table: PrizeBands, *, field_size: int, buy_in: int, sponsorship: int) -> int:
    """The sum of all prizes for a field of `field_size`: the contract's `price_pool`. Takes O(bands)."""
    return sum(prizes.total for prizes in _ranges(table, field_size, buy_in, sponsorship))


def pays_anybody(table: PrizeBands, *, field_size: int, buy_in: int, sponsorship: int) -> bool:
    """Whether at least one rank of a field of `field_size` wins at least one unit."""
    return any(_ranges(table, field_size, buy_in, sponsorship))


def pays_nobody(table: PrizeBands, *, buy_in: int, sponsorship: int) -> str:
    """The reason why a free tournament's table pays nobody at any field size; "" if it may pay, or is not free."""
    if buy_in == 0 and table.kind == "multiples":
        return "Multiples of a buy-in of 0 pay nothing: use fixed prizes or shares of a sponsorship."
    if buy_in == 0 and table.kind == "shares" and sponsorship == 0:
        return "Shares of an empty pool pay nothing: a free tournament needs a sponsorship."
    return ""


def fault_of(terms: Mapping[str, Any]) -> str:
    """`pays_nobody` for the stored terms of a template."""
    table = parse_table(terms["prize_table"])
    return pays_nobody(table, buy_in=terms["buy_in_price"], sponsorship=terms.get("sponsored_amount", 0))


def _ranges(table: PrizeBands, field_size: int, buy_in: int, sponsorship: int) -> Iterator[PrizeRange]:
    pool = field_size * buy_in + sponsorship
    edge_bp = to_rank = 0
    for band in table.bands:
        match band:
            case MultipleBand(percent_bp, multiple_bp):
                # Only the cumulative edge is rounded, and down: rounding each band could add up to more
                # winners than the table's percentage, and rounding up would overdraw small fields.
                edge_bp += percent_bp
                from_rank, to_rank = to_rank + 1, field_size * edge_bp // WHOLE_BP
                amount = buy_in * multiple_bp // WHOLE_BP
            case FixedBand(from_rank, to_rank, amount):
                pass
            case ShareBand(from_rank, to_rank, share_bp):
                # Divided by the band's full width, even where the field ends inside it: the share of a rank
                # that nobody holds is part of the remainder.
                amount = pool * share_bp // (WHOLE_BP * (to_rank - from_rank + 1))
        if from_rank <= field_size and from_rank <= to_rank and amount:
            yield PrizeRange(from_rank, min(to_rank, field_size), amount)


def prize_at(ranges: Sequence[PrizeRange], rank: int, *, first: int, sharers: int) -> int:
    """The prize of `rank` where the `sharers` ranks from `first` on share their prizes, the remainder by rank order.

    `ranges` come from `rank_prizes`. A rank that shares with nobody is its own `first`, with one sharer.
    """
    last = first + sharers - 1
    widths = ((min(last, won.to_rank) - max(first, won.from_rank) + 1, won.amount) for won in ranges)
    each, over = divmod(sum(max(0, width) * amount for width, amount in widths), sharers)
    return each + (rank - first < over)


# --- The division of what came in


def allocate(
    table: PrizeBands,
    *,
    field_size: int,
    buy_in: int,
    sponsorship: int,
    scores: Sequence[int],
    tie_rule: TieRule,
) -> Allocation:
    """Divides stakes and sponsorship among the ranked gamers, the house and the sponsor, to the last unit.

    `scores` belong to the ranked gamers in final order, rank 1 first; `field_size` also counts gamers without a
    score and disqualified ones: they paid, and a prize whose rank nobody holds is remainder. Stakes pay first; what
    is left of them goes to the house, what is left of the sponsorship to the sponsor.

    :raises PrizeTableInsolvent: the prizes of this field exceed what came in.
    :raises ValueError: there are more scores than gamers in the field.
    """
    if len(scores) > field_size:
        raise ValueError(f"{len(scores)} ranked gamers in a field of {field_size}")
    terms = PrizeTerms(field_size=field_size, buy_in=buy_in, sponsorship=sponsorship)
    stakes = field_size * buy_in
    if total(table, **terms) > stakes + sponsorship:
        raise PrizeTableInsolvent(field_size=field_size)
    prizes = _by_rank(rank_prizes(table, **terms), len(scores))
    if tie_rule == "split":
        prizes = _split_ties(prizes, scores)
    paid = sum(prizes)
    return Allocation(prizes, max(0, stakes - paid), sponsorship - max(0, paid - stakes))


def _by_rank(ranges: list[PrizeRange], ranked: int) -> list[int]:
    prizes = [0] * ranked
    for from_rank, to_rank, amount in ranges:
        last = min(to_rank, ranked)
        prizes[from_rank - 1 : last] = [amount] * (last - from_rank + 1)
    return prizes


def _split_ties(prizes: list[int], scores: Sequence[int]) -> list[int]:
    """Equal scores share the sum of their prizes evenly; the remainder goes out one unit each, by rank."""
    shared: list[int] = []
    for _, tied in groupby(range(len(scores)), key=scores.__getitem__):
        indexes = list(tied)
        each, over = divmod(sum(prizes[index] for index in indexes), len(indexes))
        shared += [each + 1] * over + [each] * (len(indexes) - over)
    return shared


# --- The proof of solvency
#
# The deficit of a field of N is total(N) − N × buy-in − sponsorship. A table is solvent when no field
# from the minimum to the size has a deficit above 0. There may be a million fields: they are not tried one by one.


def prove_solvent(table: PrizeBands, *, min_participants: int, size: int, buy_in: int, sponsorship: int) -> None:
    """Proves that no field from `min_participants` to `size` wins more than it brings in.

    A larger size takes no longer.

    :raises PrizeTableInsolvent: with `field_size`, the smallest insolvent field.
    """
    least = max(1, min_participants)
    match table.kind:
        case "multiples":
            smallest = _smallest_for_multiples(table, least, buy_in, sponsorship)
        case "fixed":
            smallest = _smallest_for_fixed(table, least, buy_in, sponsorship)
        case "shares":
            # Shares add up to at most the whole, and each is rounded down.
            return
    if smallest is not None and smallest <= size:
        raise PrizeTableInsolvent(
            f"With {smallest} participants the prizes exceed the stakes and the sponsorship.",
            field_size=smallest,
        )


def _smallest_for_multiples(table: PrizeBands, least: int, buy_in: int, sponsorship: int) -> int | None:
    """The smallest insolvent field from `least` on, if any.

    Every edge is ⌊N × cumulative / 10,000⌋, so the deficit repeats with a period of at most 10,000, plus
    one constant growth per period: one period of deficits decides all fields.
    """
    edges, drops = _edges_and_drops(table, buy_in)
    if min(drops) >= 0 and sumprod(edges, drops) <= WHOLE_BP * buy_in:
        # The usual table: prizes fall and add up to at most the stakes; edges rounded down only lower them.
        return None
    common = gcd(WHOLE_BP, *edges)
    period = WHOLE_BP // common
    reduced = [(edge // common, drop) for edge, drop in zip(edges, drops, strict=True) if drop]
    *deficits, next_period = _deficits(reduced, period, buy_in, sponsorship)
    return min(_insolvent_fields(deficits, next_period - deficits[0], least), default=None)


def _edges_and_drops(table: PrizeBands, buy_in: int) -> tuple[list[int], list[int]]:
    """Cumulative edges in basis points, and how much the prize drops behind each edge.

    The total is Σ edge × drop, in ranks and units: each edge counts by itself.
    """
    bands = [band for band in table.bands if isinstance(band, MultipleBand)]
    amounts = [buy_in * band.multiple_bp // WHOLE_BP for band in bands]
    drops = [amount - lower for amount, lower in zip(amounts, [*amounts[1:], 0], strict=True)]
    return list(accumulate(band.percent_bp for band in bands)), drops


def _deficits(edges: list[tuple[int, int]], period: int, buy_in: int, sponsorship: int) -> list[int]:
    """The deficits of the fields 0, 1, … `period`, as running sums of the change with each further gamer.

    An edge rises by one at the fields ⌈k × period / edge⌉. An edge that rises at more than every second gamer is
    counted by the fields where it does not, which halves the work for the worst table.
    """
    always = sum(drop for edge, drop in edges if 2 * edge > period)
    change = [-sponsorship] + [always - buy_in] * period
    for edge, drop in edges:
        if 2 * edge <= period:
            times, first, step = edge, period + edge - 1, drop
        else:
            times = first = period - edge
            step = -drop
        # ⌈x / edge⌉ = ⌊(x + edge − 1) / edge⌋; the loop runs half a million times, so the division is C's.
        for field_size in map(floordiv, range(first, first + times * period, period), repeat(times)):
            change[field_size] += step
    return list(accumulate(change))


def _insolvent_fields(deficits: list[int], growth: int, least: int) -> Iterator[int]:
    """For each residue of the period its smallest field from `least` on with a deficit, if it has one."""
    period = len(deficits)
    for residue, first_deficit in enumerate(deficits):
        rounds = max(0, -(-(least - residue) // period))
        deficit = first_deficit + rounds * growth
        if deficit > 0:
            yield rounds * period + residue
        elif growth > 0:
            yield (rounds + -deficit // growth + 1) * period + residue


def _smallest_for_fixed(table: PrizeBands, least: int, buy_in: int, sponsorship: int) -> int | None:
    """The smallest insolvent field from `least` on, if any.

    Inside a band each further gamer changes the deficit by the band's amount less the buy-in. Behind the last band
    the deficit only falls, so `least` is the only field to check there.
    """
    for band in table.bands:
        if not isinstance(band, FixedBand) or band.to_rank < least:
            continue
        first = max(band.from_rank, least)
        deficit = _deficit(table, first, buy_in, sponsorship)
        if deficit > 0:
            return first
        growth = band.amount - buy_in
        if growth > 0 and deficit + growth * (band.to_rank - first) > 0:
            return first + -deficit // growth + 1
    return least if _deficit(table, least, buy_in, sponsorship) > 0 else None


def _deficit(table: PrizeBands, field_size: int, buy_in: int, sponsorship: int) -> int:
    paid = total(table, field_size=field_size, buy_in=buy_in, sponsorship=sponsorship)
    return paid - field_size * buy_in - sponsorship

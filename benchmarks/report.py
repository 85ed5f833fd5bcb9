"""From many runs to one table: medians with their spread, beside floors and targets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.targets import TARGETS, Target


@dataclass(frozen=True)
class Spread:
    """The median of some runs, and how far they lay apart."""

    median: float
    least: float
    most: float

    @staticmethod
    def of(values: Iterable[float | None]) -> Spread | None:
        """None where nothing was measured."""
        known = sorted(value for value in values if value is not None)
        return Spread(median(known), known[0], known[-1]) if known else None


@dataclass
class Row:
    """One work at one number of connections."""

    work: str
    title: str
    connections: int
    floor_name: str = ""
    own_floor_name: str = ""
    runs: list[dict[str, Any]] = field(default_factory=list)

    def spread(self, name: str) -> Spread | None:
        """Of one of the numbers that a run has."""
        return Spread.of(run[name] for run in self.runs)

    @property
    def errors(self) -> int:
        """Of all runs."""
        return sum(run["errors"] for run in self.runs)


@dataclass
class Results:
    """Everything a run of the benchmark found out."""

    about: dict[str, Any]
    rows: list[Row] = field(default_factory=list)
    floors: dict[str, list[float]] = field(default_factory=dict)
    settle_seconds: list[float] = field(default_factory=list)
    # Of the largest process of the server, in MB.
    memory_before: float | None = None
    memory_after: float | None = None
    soak: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def row(self, work: str, connections: int) -> Row | None:
        """The row of a work, if it was measured."""
        found = [row for row in self.rows if (row.work, row.connections) == (work, connections)]
        return found[0] if found else None

    def ratio(self, row: Row, floor_name: str) -> float | None:
        """The row's median rate to the floor's."""
        rate, floor = row.spread("rate"), Spread.of(self.floors.get(floor_name, []))
        return rate.median / floor.median if rate and floor and floor.median else None


@dataclass(frozen=True)
class Judgement:
    """A promise and what was measured; `value` is None where it was not."""

    target: Target
    value: float | None

    @property
    def verdict(self) -> str:
        """In one word or two."""
        if self.value is None:
            return "not measured"
        if not self.target.meets(self.value, self.target.least):
            return "MISSED"
        aim = self.target.aim
        return "met" if aim is None or not self.target.meets(self.value, aim) else "met, and the aim"


def judge(results: Results, targets: Sequence[Target] = TARGETS) -> list[Judgement]:
    """Each promise beside what was measured."""
    return [Judgement(target, _value(results, target)) for target in targets]


def _value(results: Results, target: Target) -> float | None:
    match target.measure:
        case "seconds":
            found = Spread.of(results.settle_seconds)
            return found.median if found else None
        case "memory":
            return results.memory_after
        case "growth":
            return results.soak.get("growth_percent")
    row = results.row(target.work, target.connections or 32)
    if row is None:
        return None
    if target.measure == "ratio":
        return results.ratio(row, row.floor_name)
    if target.measure == "against":
        return _against(row, results.row(target.work, 32))
    spread = row.spread(target.measure)
    return spread.median if spread else None


def _against(row: Row, other: Row | None) -> float | None:
    mine, theirs = row.spread("rate"), other.spread("rate") if other else None
    return mine.median / theirs.median if mine and theirs and theirs.median else None


def facts(results: Results) -> dict[str, Any]:
    """All of it for JSON: every run, and what was made of them."""
    medians = [
        {
            "work": row.work,
            "connections": row.connections,
            "errors": row.errors,
            "of_the_floor": results.ratio(row, row.floor_name),
        }
        | {name: asdict(found) for name in _NUMBERS if (found := row.spread(name))}
        for row in results.rows
    ]
    judged = [asdict(found.target) | {"value": found.value, "verdict": found.verdict} for found in judge(results)]
    return asdict(results) | {"medians": medians, "targets": judged}


_NUMBERS = ("rate", "p50", "p99", "server_us", "database_us", "valkey_us")


# ------------------------------------------------------------------ as text


def table(results: Results) -> str:
    """The whole report in Markdown."""
    parts = [_about(results), _works(results), _floors(results), _promises(results), _checks(results)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _about(results: Results) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in results.about.items())


def _works(results: Results) -> str:
    head = ["work", "conn.", "a second", "p50 ms", "p99 ms", "errors", "server µs", "database µs", "of the floor"]
    return markdown(head, [_cells(results, row) for row in results.rows])


def _cells(results: Results, row: Row) -> list[str]:
    numbers = [
        formatted(row.spread("rate"), 0),
        formatted(row.spread("p50"), 1),
        formatted(row.spread("p99"), 1),
        str(row.errors),
    ]
    cpu = [
        formatted(row.spread("server_us"), 0, spread_too=False),
        formatted(row.spread("database_us"), 0, spread_too=False),
    ]
    return [row.title, str(row.connections), *numbers, *cpu, _of_floor(results, row)]


def _of_floor(results: Results, row: Row) -> str:
    ratio, own = results.ratio(row, row.floor_name), results.ratio(row, row.own_floor_name)
    share = "" if ratio is None else f"{ratio:.0%}"
    return share if own is None else f"{share} of {row.floor_name}, {own:.0%} of {row.own_floor_name}"


def _floors(results: Results) -> str:
    rows = [[name.replace("_", " "), formatted(Spread.of(rates), 0)] for name, rates in results.floors.items()]
    return markdown(["floor: the database alone, 32 clients", "a second"], rows) if rows else ""


def _promises(results: Results) -> str:
    rows = []
    for judgement in judge(results):
        target = judgement.target
        where = "" if target.connections is None else str(target.connections)
        aim = "" if target.aim is None else _bound(target, target.aim)
        value = "" if judgement.value is None else _amount(target, judgement.value)
        rows.append([target.work, where, _bound(target, target.least), aim, value, judgement.verdict])
    return markdown(["target", "conn.", "at least", "aim", "measured", ""], rows)


_UNITS = {
    "rate": "{:,.0f}/s",
    "ratio": "{:.0%} of the floor",
    "p99": "p99 {:.0f} ms",
    "seconds": "{:.2f} s",
    "memory": "{:.0f} MB",
    "growth": "{:+.1f} % memory",
    "against": "{:.0%} of that at 32",
}


def _amount(target: Target, value: float) -> str:
    return _UNITS[target.measure].format(value)


def _bound(target: Target, bound: float) -> str:
    return f"< {_amount(target, bound)}" if target.is_limit else _amount(target, bound)


def _checks(results: Results) -> str:
    lines = []
    if results.settle_seconds:
        lines.append(f"- settlement: {formatted(Spread.of(results.settle_seconds), 2)} s")
    if results.memory_after is not None:
        before, after = results.memory_before or 0, results.memory_after
        lines.append(f"- memory of the largest server process: {before:.0f} MB before, {after:.0f} MB after")
    lines += [f"- soak: {results.soak['told']}"] if results.soak else []
    return "\n".join([*lines, *(f"- **{fault}**" for fault in results.faults)])


def formatted(spread: Spread | None, digits: int, *, spread_too: bool = True) -> str:
    """`median (least–most)`; empty where nothing was measured."""
    if spread is None:
        return ""
    middle = f"{spread.median:,.{digits}f}"
    if not spread_too or spread.least == spread.most:
        return middle
    return f"{middle} ({spread.least:,.{digits}f}–{spread.most:,.{digits}f})"


def markdown(head: list[str], rows: list[list[str]]) -> str:
    """A table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def publish(page: Path, name: str, text: str) -> None:
    """Put the text between the page's two comments of that name."""
    begin, end = f"<!-- {name}: written by --publish -->", f"<!-- end of {name} -->"
    before, found, rest = page.read_text().partition(begin)
    _, found_end, after = rest.partition(end)
    if not found or not found_end:
        raise ValueError(f"{page} has no place for {name}")
    page.write_text(f"{before}{begin}\n{text}{end}{after}")

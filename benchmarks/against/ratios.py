"""From runs in pairs to ratios with their spread, as facts and as a table."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from benchmarks.report import Spread, formatted, markdown
from benchmarks.targets import NOISE


@dataclass
class Pairs:
    """One call at one number of connections: in each round a run of this tree and one of the other revision."""

    work: str
    title: str
    connections: int
    this: list[dict[str, Any]] = field(default_factory=list)
    other: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        """This tree's rate to the other's of the same round; rounds in which either did nothing are left out."""
        rates = [(mine["rate"], theirs["rate"]) for mine, theirs in zip(self.this, self.other, strict=False)]
        return [mine / theirs for mine, theirs in rates if mine and theirs]

    @property
    def spread(self) -> Spread | None:
        """The median of the ratios, the least and the most; None where no round has one."""
        return Spread.of(self.ratios)

    @property
    def errors(self) -> tuple[int, int]:
        """Of all runs of this tree, and of the other."""
        return sum(run["errors"] for run in self.this), sum(run["errors"] for run in self.other)

    @property
    def verdict(self) -> str:
        """Empty where this tree is as fast as the other, within what is noise."""
        spread = self.spread
        if spread is None:
            return "NOT MEASURED"
        slower = f"SLOWER than {NOISE}" if spread.median < NOISE else ""
        return "; ".join(part for part in (slower, "errors" if any(self.errors) else "") if part)


@dataclass
class Comparison:
    """All that a run has found."""

    about: dict[str, str] = field(default_factory=dict)
    this: str = ""
    other: str = ""
    rows: list[Pairs] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def facts(comparison: Comparison) -> dict[str, Any]:
    """For JSON: every run, and what was made of them."""
    ratios = [
        {
            "work": row.work,
            "connections": row.connections,
            "ratios": row.ratios,
            "ratio": asdict(row.spread) if row.spread else None,
            "verdict": row.verdict,
        }
        for row in comparison.rows
    ]
    return asdict(comparison) | {"ratios": ratios}


def table(comparison: Comparison) -> str:
    """The report in Markdown."""
    head = ["call", "conn.", "ratio", "a second", "p99 ms", "server µs", "database µs", "errors", ""]
    about = "\n".join(f"- {name}: {value}" for name, value in comparison.about.items())
    legend = (
        f"Ratio: the rate of {comparison.this} / that of {comparison.other}, the median of the rounds' and in brackets "
        f"the least and the most. Other columns: medians of both, in this order. Below {NOISE} is marked."
    )
    slower = sum("SLOWER" in row.verdict for row in comparison.rows)
    compared = sum(row.spread is not None for row in comparison.rows)
    counted = f"{compared} of {len(comparison.rows)} compared, {slower} slower than {NOISE}."
    parts = [about, legend, markdown(head, [_cells(row) for row in comparison.rows]), counted]
    parts += ["\n".join(f"- **{fault}**" for fault in comparison.faults)] if comparison.faults else []
    return "\n\n".join(parts) + "\n"


def _cells(row: Pairs) -> list[str]:
    numbers = [_both(row, name, digits) for name, digits in (("rate", 0), ("p99", 1), ("server_us", 0))]
    numbers.append(_both(row, "database_us", 0))
    errors = " / ".join(map(str, row.errors))
    verdict = f"**{row.verdict}**" if row.verdict else ""
    return [row.title, str(row.connections), formatted(row.spread, 2), *numbers, errors, verdict]


def _both(row: Pairs, name: str, digits: int) -> str:
    known = [[run[name] for run in runs if run[name] is not None] for runs in (row.this, row.other)]
    return " / ".join(f"{median(values):,.{digits}f}" if values else "–" for values in known)

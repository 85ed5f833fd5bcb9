"""What is promised: medians on two cores with everything on one machine; floors at 32 clients in the same run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Measure = Literal["rate", "ratio", "p99", "seconds", "memory", "growth", "against"]


@dataclass(frozen=True)
class Target:
    """One promise. `measure` says of what: units a second, the ratio to the floor, milliseconds, seconds, MB,
    growth in percent, or the ratio to the same work at 32 connections (`against`)."""

    work: str
    measure: Measure
    least: float
    aim: float | None = None
    connections: int | None = 32

    @property
    def is_limit(self) -> bool:
        """Whether less is better."""
        return self.measure in ("p99", "seconds", "memory", "growth")

    def meets(self, value: float, bound: float) -> bool:
        """Whether a value keeps the bound."""
        return value < bound if self.is_limit else value >= bound


# Runs of one and the same thing differ by more than this: "not slower" is meant within it.
NOISE = 0.95

# Where no number of connections is promised, both are told. An answer of 304 has to keep at least what a full one does.
TARGETS = (
    Target("score", "ratio", 0.35, 0.60),
    Target("score", "p99", 30),
    Target("score", "ratio", 0.60, 0.85, connections=256),
    Target("score", "p99", 100, connections=256),
    Target("bulk", "rate", 20_000, 50_000),
    Target("top", "rate", 5_000, 10_000),
    Target("top", "rate", 5_000, 10_000, connections=256),
    Target("top304", "rate", 5_000, 10_000),
    Target("top304", "rate", 5_000, 10_000, connections=256),
    Target("around-large", "rate", 2_000, 4_000),
    Target("around-large", "rate", 2_000, 4_000, connections=256),
    Target("join", "ratio", 0.25, 0.50),
    Target("join", "against", NOISE, connections=256),
    Target("session", "rate", 2_000, 4_000),
    Target("session", "rate", 2_000, 4_000, connections=256),
    Target("first-session", "rate", 700, 1_700),
    Target("first-session", "rate", 700, 1_700, connections=256),
    Target("balance", "rate", 3_000, 6_000),
    Target("balance", "rate", 3_000, 6_000, connections=256),
    Target("settle", "seconds", 3, 1.5, connections=None),
    Target("memory", "memory", 200, connections=None),
    Target("soak", "growth", 5, connections=None),
)

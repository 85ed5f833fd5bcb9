"""What `python -m benchmarks` is told."""

from __future__ import annotations

import argparse
from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """The choices of one run."""

    only: str | None
    gamers: int
    seconds: float
    runs: int
    connections: tuple[int, ...]
    cores: tuple[int, ...]
    growth: tuple[int, ...]
    soak: float
    profile: str | None
    against: str | None
    publish: bool
    results: str | None


# Seconds a run and number of runs, by whether two revisions are compared and whether it is to be quick.
_DURATIONS = {(False, False): (10, 3), (False, True): (3, 1), (True, False): (5, 6), (True, True): (2, 2)}


def read(arguments: list[str], available: list[int]) -> Options:
    """The choices, with the defaults of `--quick` or of a whole run. `available` are this process' cores."""
    given = _parser().parse_args(arguments)
    if given.against and (given.growth or given.soak or given.profile or given.publish):
        _parser().error("--against: not with --growth, --soak, --profile or --publish")
    seconds, runs = _DURATIONS[bool(given.against), given.quick]
    gamers = given.gamers or (10_000 if given.quick else 100_000)
    if not 1_000 < gamers <= 1_000_000:
        _parser().error("--gamers: from 1,001 to 1,000,000")
    return Options(
        only=given.only,
        gamers=gamers,
        seconds=given.seconds or seconds,
        runs=given.runs or runs,
        connections=_numbers(given.connections),
        cores=_numbers(given.cores) if given.cores else tuple(available[:2]),
        growth=_numbers(given.growth) if given.growth else (),
        soak=given.soak,
        profile=given.profile,
        against=given.against,
        publish=given.publish,
        results=given.results,
    )


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the product on this machine.")
    add = parser.add_argument
    add("--quick", action="store_true", help="10,000 gamers and short runs: to see that all works")
    add("--only", "--calls", help="these works alone, separated by commas: score,balance; also settle")
    add(
        "--gamers",
        type=int,
        help="how many (default: 100,000); the large board has ten times as many",
    )
    add("--seconds", type=float, help="how long a run takes (default: 10; with --against 5)")
    runs_help = "runs of each, of which the median is told (default: 3; with --against 6)"
    add("--runs", "--rounds", type=int, help=runs_help)
    add("--connections", default="32,256", help="default: 32,256")
    add("--cores", help="the cores for everything, the load generator too (default: the first two)")
    growth_help = "instead: 10,000, 100,000 and a million gamers, or other sizes, and a plot"
    add("--growth", nargs="?", const="10000,100000,1000000", metavar="SIZES", help=growth_help)
    add("--soak", type=float, default=0, metavar="SECONDS", help="then post scores for so long and watch the memory")
    add("--profile", metavar="WORK", help="instead: where the server's time goes under this load (py-spy)")
    add("--against", metavar="REV", help="instead: this tree and that revision in turn, and the ratios of their rates")
    add("--publish", action="store_true", help="write the table into benchmarks/README.md")
    add("--results", metavar="DIR", help="where the results go (default: benchmarks/results)")
    return parser

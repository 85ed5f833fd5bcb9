"""How speed holds as a game grows: the same works among ever more gamers."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot

from benchmarks import running
from benchmarks.about import about
from benchmarks.loads import Field, chosen
from benchmarks.options import Options
from benchmarks.report import Results, Spread
from benchmarks.stack import Stack
from benchmarks.warming import warm_up
from kgen.local.supervisor import say

WORKS = "score,top,around,join,session,balance,transactions"


def measure_growth(stack: Stack, options: Options) -> dict[int, Results]:
    """One game after the other in the same database, each measured when it is there: later ones carry the earlier."""
    loads = chosen(options.only or WORKS)
    found: dict[int, Results] = {}
    for number, size in enumerate(options.growth, start=1):
        own = replace(options, gamers=size, connections=(32,))
        results = Results(about(own, stack.services))
        seeder, game = running.new_game(number, size, crowd=0)
        if number == 1:
            stack.start_product()
        field = Field(game, seeder, stack.how.port)
        warm_up(stack, field, boards=("around",))
        running.measure_loads(stack, field, loads, seeder, own, results)
        found[size] = results
    running.prove(found[options.growth[-1]], "after")
    return found


def plot(found: dict[int, Results], path: Path) -> None:
    """Requests a second over the number of gamers, a line a work, as SVG."""
    # It would tell of every font that it looks at.
    logging.getLogger("matplotlib").setLevel(logging.WARNING)
    mpl.use("svg")
    figure, axes = pyplot.subplots(figsize=(9, 5))
    for work in dict.fromkeys(row.work for results in found.values() for row in results.rows):
        points = [(size, rate) for size, results in found.items() if (rate := _rate(results, work)) is not None]
        axes.errorbar(
            [size for size, _ in points],
            [rate.median for _, rate in points],
            yerr=[[rate.median - rate.least for _, rate in points], [rate.most - rate.median for _, rate in points]],
            marker="o",
            capsize=3,
            label=work,
        )
    axes.set(xscale="log", yscale="log", xlabel="gamers in the tournament", ylabel="requests a second, 32 connections")
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    pyplot.close(figure)
    say(f"bench: plotted {path}")


def _rate(results: Results, work: str) -> Spread | None:
    row = results.row(work, 32)
    return row.spread("rate") if row else None


def table(found: dict[int, Results]) -> str:
    """The plot's numbers in Markdown."""
    works = list(dict.fromkeys(row.work for results in found.values() for row in results.rows))
    lines = ["| a second, 32 connections | " + " | ".join(f"{size:,} gamers" for size in found) + " |"]
    lines += ["| --- " * (len(found) + 1) + "|"]
    for work in works:
        rates = [_rate(results, work) for results in found.values()]
        lines.append(
            f"| {work} | " + " | ".join("" if rate is None else f"{rate.median:,.0f}" for rate in rates) + " |"
        )
    return "\n".join(lines) + "\n"

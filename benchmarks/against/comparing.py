"""The order of a comparison: start both, seed both, then measure in turn."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks import measure
from benchmarks.about import about
from benchmarks.against import product, revision
from benchmarks.against.product import Clocks
from benchmarks.against.ratios import Comparison, Pairs
from benchmarks.against.remote import running_seeder
from benchmarks.against.revision import Revision
from benchmarks.loads import Field, Game, Load, chosen, connections_of, crowd_of
from benchmarks.options import Options
from benchmarks.stack import Stack
from benchmarks.warming import warm_up
from kgen.local import home as homes
from kgen.local.failure import Refused
from kgen.local.signals import Signals
from kgen.local.supervisor import Supervisor, say

_LARGE = "around-large"


@dataclass(frozen=True)
class Side:
    """One of the two: its product, its game and its clocks."""

    label: str
    stack: Stack
    field: Field
    clocks: Clocks


def compare(path: Path, options: Options, found: Comparison) -> None:
    """Put what is measured into `found` as soon as it is known. At the end everything that was started has ended.

    :raises Refused: one of the two cannot be prepared, started or seeded, or dies.
    """
    loads = chosen(options.only)
    if not loads:
        raise Refused("--against: compares calls, and none of these is one")
    homes.reset(path)
    home = homes.open_home(path)
    with homes.locked(home) as lock, Signals() as signals, contextlib.ExitStack() as seeders:
        supervisor = Supervisor(signals, lock)
        stacks: list[Stack] = []
        try:
            assert options.against is not None
            both = (revision.this_tree(), revision.prepare(options.against, home, supervisor))
            for one, name in zip(both, ("this", "other"), strict=True):
                stacks.append(product.start(one, home, name, signals, supervisor))
            sides = [_side(*pair, seeders, loads, options) for pair in zip(both, stacks, strict=True)]
            found.about = about(options, stacks[0].services)
            found.this, found.other = both[0].label, both[1].label
            _measure(sides, _offered(loads, sides), options, found)
        finally:
            for stack in stacks:
                product.wake(stack)
            supervisor.stop()
            homes.forget_socket_folder(home)


def _side(one: Revision, stack: Stack, seeders: contextlib.ExitStack, loads: list[Load], options: Options) -> Side:
    seeder = seeders.enter_context(running_seeder(one, stack))
    large = any(load.name == _LARGE for load in loads)
    began = time.monotonic()
    say(f"bench: seeding {options.gamers:,} gamers for {one.label}")
    game = Game.of(seeder.make_world(1, options.gamers, crowd_of(options.gamers) if large else 0))
    say(f"bench: seeded in {time.monotonic() - began:.0f} s")
    (launcher,) = stack.programs.values()
    side = Side(one.label, stack, Field(game, seeder, stack.how.port), Clocks(launcher.child.pid))
    warm_up(stack, side.field, boards=("around", _LARGE) if large else ("around",))
    product.rest(stack)
    return side


def _offered(loads: list[Load], sides: list[Side]) -> list[Load]:
    return [load for load in loads if all(load.offered(side.field) for side in sides)]


def _measure(sides: list[Side], loads: list[Load], options: Options, found: Comparison) -> None:
    """Round after round over all calls, and for each call one side right after the other."""
    plan = [
        (load, connections, position == 0)
        for load in loads
        for position, connections in enumerate(connections_of(load, options.connections))
    ]
    found.rows = [Pairs(load.name, load.title, connections) for load, connections, _ in plan]
    for number in range(options.runs):
        say(f"bench: round {number + 1} of {options.runs}")
        for (load, connections, first), row in zip(plan, found.rows, strict=True):
            turns = list(zip(sides, (row.this, row.other), strict=True))
            # The second side may meet what the first has left to the disk: each is second as often as the other.
            for side, runs in turns if number % 2 == 0 else reversed(turns):
                runs.append(_run(side, load, connections, first=first, seconds=options.seconds).facts())
                found.faults += [f"{side.label}: {line}" for line in measure.faults_in_log(side.stack)[:3]]
            say(f"bench: {load.name:<14}{connections:>4} {_table_line(row)}")


def _run(side: Side, load: Load, connections: int, *, first: bool, seconds: float) -> measure.Run:
    """One run, during which the other side has nothing to do."""
    product.wake(side.stack)
    try:
        return measure.measure_load(
            side.stack,
            side.field,
            load,
            connections=connections,
            first=first,
            seconds=seconds,
            clocks=side.clocks,
        )
    finally:
        product.rest(side.stack)


def _table_line(row: Pairs) -> str:
    mine, theirs = row.this[-1]["rate"], row.other[-1]["rate"]
    ratio = f"{mine / theirs:.2f}" if theirs else "–"
    return f"{mine:>10,.0f}/s {theirs:>10,.0f}/s  {ratio}"

"""The order of a whole run. Imported once Django is set up."""

from __future__ import annotations

import io
import time
from uuid import UUID

from django.core.management import call_command

from benchmarks import floors, measure, processes, seed
from benchmarks.loads import Field, Game, Load, chosen, connections_of, crowd_of
from benchmarks.meter import Meter
from benchmarks.options import Options
from benchmarks.report import Results, Row
from benchmarks.seed import World
from benchmarks.seeder import Seeder
from benchmarks.soak import soak
from benchmarks.stack import Stack
from benchmarks.warming import warm_up
from kgen.local.supervisor import say
from rewards.services.settling import settle_tournament


def measure_everything(stack: Stack, options: Options, results: Results) -> None:
    """Seed, measure, prove; what is found goes into `results` as soon as it is there."""
    seeder, game = new_game(1, options.gamers, crowd=crowd_of(options.gamers))
    prove(results, "before")
    if options.only is None or "settle" in options.only.split(","):
        results.settle_seconds = [settle_once(seeder.world) for _ in range(options.runs)]
    stack.start_product()
    field = Field(game, seeder, stack.how.port)
    warm_up(stack, field, boards=("around", "around-large"))
    results.memory_before = largest_process(stack)
    loads = [load for load in chosen(options.only) if load.offered(field)]
    measure_loads(stack, field, loads, seeder, options, results)
    results.memory_after = largest_process(stack)
    if options.soak:
        results.soak = soak(stack, field, options.soak)
        results.faults += results.soak["faults"]
    prove(results, "after")


def new_game(number: int, gamers: int, *, crowd: int) -> tuple[Seeder, Game]:
    """A seeded game; the crowd stands on its large board only."""
    began = time.monotonic()
    say(f"bench: seeding {gamers:,} gamers and {gamers * 10:,} postings")
    seeder = Seeder(seed)
    game = Game.of(seeder.make_world(number, gamers, crowd))
    say(f"bench: seeded in {time.monotonic() - began:.0f} s")
    return seeder, game


def measure_loads(
    stack: Stack, field: Field, loads: list[Load], seeder: Seeder, options: Options, results: Results
) -> None:
    """Round after round, so that a noisy minute of the machine spreads over all works."""
    meter = Meter(stack)
    results.rows = [
        Row(load.name, load.title, connections, load.floor, load.own_floor)
        for load in loads
        for connections in connections_of(load, options.connections)
    ]
    for number in range(options.runs):
        say(f"bench: run {number + 1} of {options.runs}")
        for name in dict.fromkeys(name for load in loads for name in (load.floor, load.own_floor) if name):
            _measure_floor(stack, seeder, name, options, results)
        for load in loads:
            _measure_load(stack, field, load, meter, options, results)


def _measure_floor(stack: Stack, seeder: Seeder, name: str, options: Options, results: Results) -> None:
    floor = floors.FLOORS_BY_NAME[name]
    rate = floors.measure(stack, seeder, floor, seconds=max(2, options.seconds / 2)) * floor.units
    results.floors.setdefault(name, []).append(rate)
    say(f"bench: floor {name:<16}{rate:>12,.0f}/s")


def _measure_load(stack: Stack, field: Field, load: Load, meter: Meter, options: Options, results: Results) -> None:
    for position, connections in enumerate(connections_of(load, options.connections)):
        one = measure.measure_load(
            stack,
            field,
            load,
            connections=connections,
            first=position == 0,
            seconds=options.seconds,
            clocks=meter,
        )
        row = results.row(load.name, connections)
        assert row is not None
        row.runs.append(one.facts())
        results.faults += measure.faults_in_log(stack)[:3]
        errors = f", {one.errors} errors" if one.errors else ""
        say(f"bench: {load.name:<14}{connections:>4} {one.rate:>12,.0f}/s  p99 {one.p99:.1f} ms{errors}")


def settle_once(world: World) -> float:
    """The seconds of the settlement of a whole field, by the product's own service."""
    tournament = seed.open_tournament(world.client, size=world.gamers)
    seed.fill(world, tournament, scored=True)
    seed.end(tournament)
    began = time.monotonic()
    record = settle_tournament(tournament_id=UUID(tournament.uid))
    seconds = time.monotonic() - began
    assert record is not None
    say(f"bench: settled {record.ranked:,} gamers, {record.winners:,} winners, in {seconds:.2f} s")
    return seconds


def largest_process(stack: Stack) -> float | None:
    """MB of the server's largest process."""
    found = processes.memory_mb(stack.pid("web")) if processes.is_measurable() else []
    return found[0] if found else None


def prove(results: Results, moment: str) -> None:
    """The ledger proves, or that is a fault of this run."""
    said = io.StringIO()
    try:
        call_command("verify_ledger", stdout=io.StringIO(), stderr=said)
        say(f"bench: verify_ledger {moment}: clean")
    except SystemExit:
        results.faults += [f"verify_ledger {moment}: {line}" for line in said.getvalue().splitlines()[:5]]

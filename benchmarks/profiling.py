"""Where the server's time goes under a load: py-spy's samples, as folded stacks and as a list of functions."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from benchmarks import measure, running, wrk
from benchmarks.loads import Field, chosen
from benchmarks.options import Options
from benchmarks.stack import Stack
from benchmarks.warming import warm_up
from kgen.local.failure import Refused
from kgen.local.supervisor import say

LISTED = 40
RATE = 250


def profile(stack: Stack, options: Options, folder: Path) -> None:
    """Send one load and write `<work>.folded` (for flame graphs) and `<work>.txt` into the folder."""
    load = chosen(options.profile)[0]
    seeder, game = running.new_game(1, options.gamers, crowd=0)
    field = Field(game, seeder, stack.how.port)
    stack.start_product()
    warm_up(stack, field, boards=("around",))
    measure.make_pool(stack, field, load)
    folded = folder / f"profile-{load.name}.folded"
    spy = Path(sys.executable).with_name("py-spy")
    if not spy.exists():
        raise Refused("py-spy is missing; `make packages-dev` installs it")
    # Threads that hold the interpreter: what waits for the database or the next request does not count.
    command = [str(spy), "record", "--pid", str(stack.pid("web")), "--subprocesses", "--gil", "--function"]
    command += ["--rate", str(RATE), "--format", "raw", "--output", str(folded)]
    command += ["--duration", str(round(options.seconds))]
    with stack.beside(command):
        order = "once" if load.pool == "once" else "random"
        outcome = wrk.drive(stack, connections=options.connections[0], seconds=options.seconds + 2, order=order)
    text = f"{load.title}, {options.connections[0]} connections, {outcome.rate:,.0f}/s while sampled\n\n"
    text += listing(folded.read_text().splitlines())
    folded.with_suffix(".txt").write_text(text)
    say(f"{text}\nbench: saved as {folded} and .txt")


def listing(folded: Iterable[str]) -> str:
    """The functions that most samples were in, and those that most were below of."""
    own: Counter[str] = Counter()
    below: Counter[str] = Counter()
    total = 0
    for line in folded:
        stack, _, count = line.rpartition(" ")
        frames = [frame for frame in stack.split(";") if not frame.startswith("process ")]
        if not frames:
            continue
        total += int(count)
        own[frames[-1]] += int(count)
        below.update(dict.fromkeys(set(frames), int(count)))
    return f"{_ranking('in the function itself', own, total)}\n{_ranking('in it and what it calls', below, total)}"


def _ranking(title: str, counts: Counter[str], total: int) -> str:
    lines = [f"{count / total:6.1%}  {name}" for name, count in counts.most_common(LISTED)]
    return "\n".join([f"{title} (of {total:,} samples)", *lines, ""])

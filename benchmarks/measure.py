"""One measurement: a pool of requests, a run of wrk, and what the processes used meanwhile."""

from __future__ import annotations

import re
import time
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from benchmarks import wrk
from benchmarks.loads import Field, Load
from benchmarks.stack import Stack

# A line of web's log about an answer of 500 and above, in either format, or about an error nobody caught.
_FAULT = re.compile(rb'"status": ?5\d\d|\bstatus=5\d\d|Traceback \(most recent call last\)')

# What a board's first reader waits for after a burst of scores is over by then, and statements are prepared.
_WARM_SECONDS = 2

# Five calls of a server with nothing else to do are quicker than this.
_QUIET_SECONDS = 0.25
# Whether a connection of a client, besides the one that asks, is at work or within a transaction.
_AT_WORK = """
SELECT count(*) > 0 FROM pg_stat_activity
 WHERE datname = current_database() AND backend_type = 'client backend' AND state <> 'idle'
   AND pid <> pg_backend_pid()
"""


@dataclass(frozen=True)
class Run:
    """What one run of one load gave. CPU is in microseconds a unit of work; None where it cannot be known."""

    rate: float
    p50: float
    p99: float
    requests: int
    errors: int
    server_us: float | None
    database_us: float | None
    valkey_us: float | None

    def facts(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


class Clocks(Protocol):
    """CPU seconds since each began, of what is named server, database and valkey; None where it cannot be known."""

    def read(self) -> dict[str, float | None]:
        """The present readings."""


def warm(stack: Stack, load: Load, *, connections: int) -> None:
    """Send requests that do not count, where sending them again later does no harm."""
    if load.pool == "kept":
        _drive(stack, load, connections, _WARM_SECONDS)
        await_quiet(stack)


def measure_load(
    stack: Stack, field: Field, load: Load, *, connections: int, first: bool, seconds: float, clocks: Clocks
) -> Run:
    """One run of one load. The `first` of a round makes the pool, also one that the others keep."""
    if first or load.pool != "kept":
        make_pool(stack, field, load)
    warm(stack, load, connections=connections)
    return run(stack, load, connections=connections, seconds=seconds, clocks=clocks)


def run(stack: Stack, load: Load, *, connections: int, seconds: float, clocks: Clocks) -> Run:
    """Send the requests of the pool that was made last, and tell."""
    before = clocks.read()
    outcome = _drive(stack, load, connections, seconds)
    after = clocks.read()
    await_quiet(stack)
    units = max(1, outcome.requests - outcome.errors) * load.units
    return Run(
        rate=(outcome.requests - outcome.errors) / outcome.seconds * load.units,
        p50=outcome.p50,
        p99=outcome.p99,
        requests=outcome.requests,
        errors=outcome.errors,
        **{f"{name}_us": _microseconds(before[name], after[name], units) for name in before},
    )


def _drive(stack: Stack, load: Load, connections: int, seconds: float) -> wrk.Outcome:
    return wrk.drive(stack, connections=connections, seconds=seconds, order="once" if load.pool == "once" else "random")


def await_quiet(stack: Stack) -> None:
    """Return when the server has worked off what the load left in its queues: the next run is not to wait for it.

    Calls whose callers are gone are done to their end: what is left of bulk scores takes seconds.
    """

    def quiet() -> bool:
        began = time.monotonic()
        quick = all(stack.how.ready() for _ in range(5)) and time.monotonic() - began < _QUIET_SECONDS
        return quick and not any(stack.services.ask(_AT_WORK) == "t" for _ in range(5))

    stack.signals.wait_for(quiet, seconds=60, every=0.2)


def make_pool(stack: Stack, field: Field, load: Load) -> int:
    """Write the load's requests to where wrk reads them."""
    return wrk.write_pool(stack.home.path, load.requests(field))


def _microseconds(before: float | None, after: float | None, units: int) -> float | None:
    return None if before is None or after is None else (after - before) / units * 1e6


def faults_in_log(stack: Stack) -> list[str]:
    """Lines of web's log that tell of a fault of ours. The log is emptied: a run writes gigabytes."""
    stack.check()
    with stack.web_log.open("rb") as file:
        found = [line.decode("utf-8", "replace").strip() for line in file if _FAULT.search(line)]
    with stack.web_log.open("rb+") as file:
        file.truncate()
    return found

"""What has to happen once before anything is measured."""

from __future__ import annotations

import time

from benchmarks import measure
from benchmarks.loads import LOADS, Field, Load, fetch
from benchmarks.stack import Stack


def warm_up(stack: Stack, field: Field, *, boards: tuple[str, ...]) -> None:
    """Statements are prepared, boards are made."""
    by_name = {load.name: load for load in LOADS}
    for name in boards:
        _await_quick(stack, field, by_name[name])
    measure.make_pool(stack, field, by_name["score"])
    measure.warm(stack, by_name["score"], connections=32)


def _await_quick(stack: Stack, field: Field, load: Load) -> None:
    """A large board is first counted and then made by a worker: wait until it is there."""
    path = next(iter(load.requests(field))).split(b" ")[1].decode()
    headers = {"user-jwt-token": field.game.tokens[1]}

    def quick() -> bool:
        began = time.monotonic()
        for _ in range(5):
            fetch(field, path, headers)
        return time.monotonic() - began < 0.25

    stack.signals.wait_for(quick, seconds=90, every=1)

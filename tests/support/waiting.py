"""Waiting for a condition instead of sleeping."""

import time
from collections.abc import Callable

# Long enough for a machine that several other runs share. Only a failing test ever waits that long.
PATIENCE_SECONDS = 180
# A first start migrates and seeds: many seconds of a core, which a busy machine gives late.
START_SECONDS = 300


def eventually[T](ask: Callable[[], T], seconds: float = PATIENCE_SECONDS) -> T:
    """Return the first true answer. Fails when there is none within `seconds`."""
    give_up_at = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < give_up_at, f"{ask} never came true"
        time.sleep(0.005)
    return answer

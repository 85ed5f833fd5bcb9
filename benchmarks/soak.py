"""Minutes of scores, to see whether the server's memory stays what it is."""

from __future__ import annotations

import threading
import time
from statistics import median
from typing import Any

from benchmarks import measure, processes, wrk
from benchmarks.loads import LOADS, Field
from benchmarks.stack import Stack

EVERY_SECONDS = 5.0


def soak(stack: Stack, field: Field, seconds: float) -> dict[str, Any]:
    """Scores over 32 connections for so long; how the largest process of the server grew.

    Growth is from the second quarter of the time to the last: by the second everything is warm.
    """
    load = next(load for load in LOADS if load.name == "score")
    measure.make_pool(stack, field, load)
    samples: list[float] = []
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(stack.pid("web"), samples, over))
    watcher.start()
    began = time.monotonic()
    try:
        outcome = wrk.drive(stack, connections=32, seconds=seconds, order="random")
    finally:
        over.set()
        watcher.join()
    faults = measure.faults_in_log(stack)
    return {
        "seconds": time.monotonic() - began,
        "rate": outcome.rate,
        "errors": outcome.errors,
        "faults": faults[:3],
        "megabytes": samples,
        **growth(samples),
    }


def _watch(root: int, samples: list[float], over: threading.Event) -> None:
    while not over.wait(EVERY_SECONDS):
        samples += processes.memory_mb(root)[:1]


def growth(samples: list[float]) -> dict[str, Any]:
    """Of samples at even distances, from the second quarter to the last; too few tell nothing."""
    quarter = len(samples) // 4
    if not quarter:
        return {"growth_percent": None, "told": "too short to tell"}
    early, late = median(samples[quarter : 2 * quarter]), median(samples[-quarter:])
    percent = (late / early - 1) * 100
    return {"growth_percent": percent, "told": f"{early:.0f} MB early, {late:.0f} MB late ({percent:+.1f} %)"}

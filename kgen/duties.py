"""Duties that call external services: one run at a time, many calls in parallel, no waiting for the slowest."""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from functools import wraps

import structlog
from django.db import Error, connection

from kgen.services import note_heartbeat

log = structlog.get_logger(__name__)

# No call begins later in a run. With the longest call the run stays below the tasks' time limit.
RUN_SECONDS = 20.0
# How often a run looks for new due work while calls are in flight.
LOOK_SECONDS = 0.25


def duty[**P](name: str) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Decorate a task body: one run at a time across all workers, and a heartbeat after each run.

    A hint that finds a run in progress returns at once, so that a duty never occupies more than one process.
    """

    def decorate(body: Callable[P, None]) -> Callable[P, None]:
        @wraps(body)
        def run(*args: P.args, **kwargs: P.kwargs) -> None:
            with _exclusively(name) as is_exclusive:
                if is_exclusive:
                    body(*args, **kwargs)
                    note_heartbeat(name=name)

        return run

    return decorate


@contextmanager
def _exclusively(name: str) -> Iterator[bool]:
    """Yield whether this run has the duty's lock, which it holds until the end of the block.

    The lock belongs to the connection, so it ends when the process dies. If only the connection is lost, two runs may
    overlap; the leases of the rows make that harmless.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [f"duty {name}"])
        (taken,) = cursor.fetchone()
    try:
        yield taken
    finally:
        if taken:
            with suppress(Error), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [f"duty {name}"])


def call_many[C, O](
    *,
    claim: Callable[[int], Iterable[C]],
    call: Callable[[C], O],
    failed: Callable[[C, str], O],
    book: Callable[[C, O], None],
    at_once: int,
) -> int:
    """Make the due calls, up to `at_once` in parallel; returns how many were booked.

    `claim` takes the number of free threads and yields at most that many calls, each of which starts at once. `call`
    runs in a thread of its own and uses no database; claiming and booking run in this thread.

    A call that raises is booked with the outcome that `failed` returns, so that it counts as a try and does not stay
    due for ever. The error names only the exception's class: its text may contain an address or a key.
    """
    ends, booked = time.monotonic() + RUN_SECONDS, 0
    running: dict[Future[O], C] = {}
    with ThreadPoolExecutor(at_once) as threads:
        while True:
            if time.monotonic() < ends and (room := at_once - len(running)):
                for claimed in claim(room):
                    running[threads.submit(call, claimed)] = claimed
            if not running:
                return booked
            for future in wait(running, LOOK_SECONDS, FIRST_COMPLETED).done:
                claimed = running.pop(future)
                if error := future.exception():
                    log.error("call of a duty failed", exc_info=error)
                    outcome = failed(claimed, f"unexpected {type(error).__name__}")
                else:
                    outcome = future.result()
                book(claimed, outcome)
                booked += 1

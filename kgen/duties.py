"""Duties that call the outside: one run at a time, many calls at once, and nobody waits for the slowest."""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from functools import wraps

import structlog
from django.db import Error, connection

from kgen.services import note_heartbeat

log = structlog.get_logger(__name__)

# No call begins later in a run; with the longest call it stays below the time limit of tasks.
RUN_SECONDS = 20.0
# While calls are under way, what has become due meanwhile is looked for so often.
LOOK_SECONDS = 0.25


def duty[**P](name: str) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """A task body that runs once at a time, whatever the number of workers, and notes when it came through.

    A hint that finds a run under way is over at once: a duty never takes more than one process from the others.
    """

    def decorate(body: Callable[P, None]) -> Callable[P, None]:
        @wraps(body)
        def run(*args: P.args, **kwargs: P.kwargs) -> None:
            with _alone(name) as is_alone:
                if is_alone:
                    body(*args, **kwargs)
                    note_heartbeat(name=name)

        return run

    return decorate


@contextmanager
def _alone(name: str) -> Iterator[bool]:
    """Whether nobody else is at it, and nobody will be until the end of the block.

    The lock is the connection's, so it ends with a process that dies. Should the connection be lost first, two runs
    overlap, which the leases of the rows make harmless.
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
    """Make the calls that are due, up to `at_once` at the same time; how many were booked.

    `claim` is asked for at most so many, whenever there is room, and each is called at once. `call` runs in a thread
    of its own and touches no database; claiming and booking happen in this thread.

    A call that raises is booked as well, as the outcome that `failed` makes of a few words, so that it counts as a
    try and what is due has an end. The words name the exception's class only: its text may hold an address or a key.
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
                    log.error("a duty's call failed", exc_info=error)
                    outcome = failed(claimed, f"unexpected {type(error).__name__}")
                else:
                    outcome = future.result()
                book(claimed, outcome)
                booked += 1

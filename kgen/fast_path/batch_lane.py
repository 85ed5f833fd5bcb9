"""Doing together what is asked for at the same time: one statement, and one commit, for many requests."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

import structlog
from django.db import InterfaceError, OperationalError, connection

from kgen.errors import Unavailable

log = structlog.get_logger(__name__)

# A connection that was not used for so long is tried before it is used again.
IDLE_SECONDS = 0.5
# From so many in a run on, the next one is given a moment to gather: runs of twice the size cost a quarter less each.
COMPANY = 4
GATHER_SECONDS = 0.001


class BatchLane[I, R]:
    """A lane of work with a thread and a database connection of its own.

    What arrives while `work` is busy is done with its next run. Who comes alone is served at once; where the last
    run had company, the next waits a millisecond for more of it. `work` gets the items in the order in which they
    came and gives a result, or an exception, for each; when it has returned, what it wrote must be committed. If it
    raises for several items, each is tried alone, so that one of them can spoil nothing for the others.
    """

    # Tests of one connection and one transaction run the work where they are.
    inline = False

    def __init__(
        self,
        work: Callable[[Sequence[I]], Sequence[R | Exception]],
        *,
        most: int = 200,
        gather_seconds: float = GATHER_SECONDS,
    ) -> None:
        self.work, self.most, self.gather_seconds = work, most, gather_seconds
        self.waiting_limit = 20 * most
        self._queue: SimpleQueue[tuple[I, Callable[[R | Exception], None]]] = SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None

    def put(self, item: I, deliver: Callable[[R | Exception], None]) -> None:
        """Let `item` be worked on. `deliver` gets its result, or an exception, in the loop that this is called in.

        :raises Unavailable: too much is waiting already.
        """
        if self.inline:
            deliver(self._results([item])[0])
            return
        if self._loop is None:
            self._start()
        if self._queue.qsize() >= self.waiting_limit:
            raise Unavailable()
        self._queue.put((item, deliver))

    def _start(self) -> None:
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._serve, name=f"together {self.work.__name__}", daemon=True).start()

    def _serve(self) -> None:
        assert self._loop is not None
        batch: list[tuple[I, Callable[[R | Exception], None]]] = []
        while True:
            waited_since = time.monotonic()
            batch = self._take(self.gather_seconds if len(batch) >= COMPANY else 0)
            if time.monotonic() - waited_since > IDLE_SECONDS:
                # The server may have been restarted meanwhile: nobody should be told 503 for that.
                _drop_lost_connection()
            results = self._results([item for item, _ in batch])
            self._loop.call_soon_threadsafe(_deliver, batch, results)

    def _take(self, gather_seconds: float) -> list[tuple[I, Callable[[R | Exception], None]]]:
        batch = [self._queue.get()]
        if gather_seconds:
            time.sleep(gather_seconds)
        try:
            while len(batch) < self.most:
                batch.append(self._queue.get_nowait())
        except Empty:
            pass
        return batch

    def _results(self, items: Sequence[I]) -> Sequence[R | Exception]:
        try:
            return each(self.work, items)
        except (OperationalError, InterfaceError) as error:
            # Whether the connection can be used again is not worth finding out.
            if not self.inline:
                connection.close()
            return [error] * len(items)


def each[I, R](work: Callable[[Sequence[I]], Sequence[R | Exception]], items: Sequence[I]) -> Sequence[R | Exception]:
    """What `work` gives for the items; if it raises for several of them, what it gives for each alone.

    :raises OperationalError, InterfaceError: the database is away, or a lock was not to be had in time: no better for
        each alone.
    """
    try:
        return work(items)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if len(items) == 1:
            return [error]
        return [each(work, [item])[0] for item in items]


def _drop_lost_connection() -> None:
    if connection.connection is not None and not connection.is_usable():
        connection.close()


def _deliver[I, R](
    batch: Sequence[tuple[I, Callable[[R | Exception], None]]], results: Sequence[R | Exception]
) -> None:
    for (_, deliver), result in zip(batch, results, strict=True):
        try:
            deliver(result)
        except Exception:
            # The others of this run are still to be told.
            log.exception("internal error")

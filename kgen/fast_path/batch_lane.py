"""Batching: one run of the work, with one commit, for all calls that wait."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

import structlog
from django.db import InterfaceError, OperationalError, connection

from kgen.errors import Unavailable

log = structlog.get_logger(__name__)

# A connection idle for this long is tested before its next use.
IDLE_SECONDS = 0.5
# After a run of this size the next one waits a moment for more: runs of twice the size cost a quarter less per item.
GATHER_FROM = 4
GATHER_SECONDS = 0.001


class BatchLane[I, R]:
    """A queue with its own thread and database connection.

    Items that arrive during a run of `work` go into the next run. An item that arrives alone is served at once; after
    a run of `GATHER_FROM` or more the next waits a millisecond for more items. `work` gets the items in the order of
    their arrival and returns for each a result or an exception; when it returns, what it wrote must be committed. If
    it raises for several items, each is retried alone, so that none can spoil the run for the others.
    """

    # Tests that use one connection and one transaction run the work in the caller's thread.
    inline = False

    def __init__(
        self,
        work: Callable[[Sequence[I]], Sequence[R | Exception]],
        *,
        most: int = 200,
        gather_seconds: float = GATHER_SECONDS,
    ) -> None:
        """A run takes at most `most` items; 20 times as many may wait."""
        self.work, self.most, self.gather_seconds = work, most, gather_seconds
        self.waiting_limit = 20 * most
        self._queue: SimpleQueue[tuple[I, Callable[[R | Exception], None]]] = SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None

    def put(self, item: I, deliver: Callable[[R | Exception], None]) -> None:
        """Queue `item`. `deliver` gets its result or an exception, in the event loop that calls this.

        :raises Unavailable: too many items wait.
        """
        if self.inline:
            deliver(self._results([item])[0])
            return
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            threading.Thread(target=self._serve, name="batch lane", daemon=True).start()
        if self._queue.qsize() >= self.waiting_limit:
            raise Unavailable()
        self._queue.put((item, deliver))

    def _serve(self) -> None:
        assert self._loop is not None
        batch: list[tuple[I, Callable[[R | Exception], None]]] = []
        while True:
            waited_since = time.monotonic()
            batch = self._take(self.gather_seconds if len(batch) >= GATHER_FROM else 0)
            if time.monotonic() - waited_since > IDLE_SECONDS and connection.connection and not connection.is_usable():
                # PostgreSQL has been restarted meanwhile: without this the next call would get a 503.
                connection.close()
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
            # A new connection is cheaper than to find out whether this one is still usable.
            if not self.inline:
                connection.close()
            return [error] * len(items)


def each[I, R](work: Callable[[Sequence[I]], Sequence[R | Exception]], items: Sequence[I]) -> Sequence[R | Exception]:
    """The results of `work`. If it raises for several items, each is retried alone; what it raises is then its result.

    :raises OperationalError, InterfaceError: the database is away, or a lock timed out: a retry would not help.
    """
    try:
        return work(items)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if len(items) == 1:
            return [error]
        return [each(work, [item])[0] for item in items]


def _deliver[I, R](
    batch: Sequence[tuple[I, Callable[[R | Exception], None]]], results: Sequence[R | Exception]
) -> None:
    for (_, deliver), result in zip(batch, results, strict=True):
        try:
            deliver(result)
        except Exception:
            # The other calls of this batch still need their results.
            log.exception("internal error")

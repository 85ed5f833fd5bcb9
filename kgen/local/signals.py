"""Signals as events that the launcher's one thread can wait for."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from types import FrameType, TracebackType

from .failure import StopRequested

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals:
    """Turns signals into flags. Every signal, and the end of a child, wakes a pause.

    Ctrl-C, SIGTERM, SIGHUP and the death of the `make` above the launcher ask for a stop. A second Ctrl-C asks for an
    immediate one.
    """

    def __init__(self) -> None:
        self.stopping = False
        self.immediate = False
        # The request was not a Ctrl-C, which the terminal sends to the whole foreground.
        self.terminated = False
        self._stopping_since = 0.0
        # `make` starts the launcher without a shell between them and is its parent. Any other parent may end before it.
        self._parent = os.getppid() if "MAKELEVEL" in os.environ else None

    def __enter__(self) -> Signals:
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) if hasattr(os, "pipe2") else _pipe()
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        for number in _ENDING:
            # Under nohup SIGHUP stays ignored.
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._received)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        # Everything has ended: one more Ctrl-C must not turn a clean stop into a failure.
        for number in _ENDING:
            signal.signal(number, signal.SIG_IGN)
        signal.set_wakeup_fd(-1)
        os.close(self._read)
        os.close(self._write)

    def _received(self, number: int, _frame: FrameType | None) -> None:
        # A terminal and a parent may both pass one Ctrl-C on. Only a later one is a second request of the user.
        if number == signal.SIGINT and self.stopping and time.monotonic() - self._stopping_since > 0.3:
            self.immediate = True
        self._stop(number)

    def _stop(self, number: int) -> None:
        self.terminated = self.terminated or number != signal.SIGINT
        if not self.stopping:
            self.stopping, self._stopping_since = True, time.monotonic()

    def pause(self, seconds: float) -> None:
        """Return after that time or at the next signal, whichever is first."""
        if select.select([self._read], [], [], seconds)[0]:
            while _drained(self._read):
                pass
        if self._parent is not None and os.getppid() != self._parent:
            self._stop(signal.SIGTERM)

    def wait_for(self, condition: Callable[[], bool], seconds: float, every: float = 0.02) -> bool:
        """Whether the condition came true in time.

        :raises StopRequested: the user asked for a stop first.
        """
        give_up_at = time.monotonic() + seconds
        while not condition():
            if self.stopping:
                raise StopRequested
            if time.monotonic() > give_up_at:
                return False
            self.pause(every)
        return True


def _drained(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 512)
    except BlockingIOError:
        return b""


def _pipe() -> tuple[int, int]:
    ends = os.pipe()
    for end in ends:
        os.set_blocking(end, False)
    return ends

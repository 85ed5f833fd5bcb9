"""How children are ended: asked first, pressed when it takes too long or there is a hurry, then killed."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence

from .children import Child
from .signals import Signals

# PostgreSQL's immediate shutdown kills its own stragglers after 5 s.
_HURRY_SECONDS = 7
_INSIST_SECONDS = 0.5


def end_all(children: Sequence[Child], signals: Signals, *, at_once: bool = False) -> None:
    """Return when nothing of them and their groups lives. `at_once` does not wait for their graces."""
    endings = [_Ending(child) for child in children]
    while any(child.code() is None for child in children):
        for ending in endings:
            ending.press(at_once or signals.hurried)
        signals.pause(0.05)
    for child in children:
        child.bury()


class _Ending:
    def __init__(self, child: Child) -> None:
        self._child = child
        self._began = self._asked_at = time.monotonic()
        self._hurried_at: float | None = None
        child.send(child.service.stop_signal)

    def press(self, hurried: bool) -> None:
        """Send what is due now, if it still lives."""
        now, service = time.monotonic(), self._child.service
        if self._hurried_at is not None:
            if now - self._hurried_at > _HURRY_SECONDS:
                self._child.send(signal.SIGKILL)
        elif hurried or now - self._began > service.grace_seconds:
            self._hurried_at = now
            self._child.send(service.hurry_signal)
        elif service.insist and now - self._asked_at > _INSIST_SECONDS:
            self._asked_at = now
            self._child.send_group(service.stop_signal)

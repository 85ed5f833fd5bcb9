"""Stops children: asks first, uses the immediate signal after the grace or on a second Ctrl-C, then kills."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence

from .children import ChildProcess
from .signals import Signals

# PostgreSQL's immediate shutdown kills its own stragglers after 5 s.
_IMMEDIATE_SECONDS = 7
_REPEAT_SECONDS = 0.5


def stop_all(children: Sequence[ChildProcess], signals: Signals, *, at_once: bool = False) -> None:
    """Return when the children and their process groups have ended. `at_once` skips the graces."""
    shutdowns = [_Shutdown(child) for child in children]
    while any(child.code() is None for child in children):
        for shutdown in shutdowns:
            shutdown.escalate(immediate=at_once or signals.immediate)
        signals.pause(0.05)
    for child in children:
        child.clean_up()


class _Shutdown:
    def __init__(self, child: ChildProcess) -> None:
        self._child = child
        self._began = self._signalled_at = time.monotonic()
        self._immediate_at: float | None = None
        child.send(child.spec.stop_signal)

    def escalate(self, *, immediate: bool) -> None:
        """Send the signal that is due now, if the child still runs."""
        now, spec = time.monotonic(), self._child.spec
        if self._immediate_at is not None:
            if now - self._immediate_at > _IMMEDIATE_SECONDS:
                self._child.send(signal.SIGKILL)
        elif immediate or now - self._began > spec.grace_seconds:
            self._immediate_at = now
            self._child.send(spec.immediate_signal)
        elif spec.repeat_stop_signal and now - self._signalled_at > _REPEAT_SECONDS:
            self._signalled_at = now
            self._child.send_group(spec.stop_signal)

"""Keeps services running until they are to stop."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from .children import Child, Guardian, Service
from .ending import end_all
from .failure import BAD_SETTING, Refused, StopRequested
from .home import Lock
from .signals import Signals

_LONGEST_PAUSE = 30.0
# A service that has run this long has not failed to start; its next pause is short again.
_SETTLED_SECONDS = 30.0


def say(line: str) -> None:
    """Tell the user; a terminal that has gone away is no reason to fail."""
    try:
        print(line, flush=True)
    except OSError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (until the end)


@dataclass
class Kept:
    """A service under our care, with its present child."""

    service: Service
    child: Child
    clear_the_way: Callable[[], None]
    # Not restarted before it has come up once: until then its end is the start's failure.
    came_up: bool = False
    deaths: int = 0
    start_again_at: float | None = None


class Supervisor:
    """Starts services, restarts those that die, stops all in the order of their dependence."""

    def __init__(self, signals: Signals, lock: Lock) -> None:
        self._signals = signals
        self._guardian = Guardian(lock)
        self._kept: list[Kept] = []

    def start(self, service: Service, clear_the_way: Callable[[], None] = lambda: None) -> Kept:
        """Start it; it counts as up when `await_up` says so."""
        clear_the_way()
        kept = Kept(service, Child(service, self._guardian), clear_the_way)
        self._kept.append(kept)
        return kept

    def await_up(self, kept: Kept, ready: Callable[[], bool], seconds: float) -> None:
        """Return when it is ready. :raises Refused: when it dies, never gets ready or finds a setting bad."""

        def settled() -> bool:
            self.tend()
            return kept.child.setting_line() is not None or kept.child.code() is not None or ready()

        in_time = self._signals.wait_for(settled, seconds)
        line = kept.child.setting_line()
        if line is not None:
            raise Refused(line, BAD_SETTING)
        if not in_time:
            raise Refused(f"{kept.service.name} was not ready within {seconds:.0f} s; see {kept.service.log}")
        if kept.child.code() is not None:
            raise Refused(f"{kept.service.name} did not start: {kept.child.complaint()}")
        kept.came_up = True

    def run(self, service: Service) -> Child:
        """Run a program to its end and return it. :raises StopRequested: after it was ended for that."""
        child = Child(service, self._guardian)
        try:
            while child.code() is None:
                if self._signals.stopping:
                    raise StopRequested
                self._signals.pause(0.5)
                self.tend()
            return child
        finally:
            end_all([child], self._signals)

    def accompany(self, service: Service) -> int:
        """Run a program that shares our terminal, and keep the services up until it ends by itself."""
        child = Child(service, self._guardian)
        told = 0
        while child.code() is None:
            self._signals.pause(0.5)
            self.tend()
            # The terminal's Ctrl-C reaches it without us: only the second is passed on, in stronger words.
            wanted = self._signals.told_to_end + self._signals.hurried
            if wanted > told:
                told = wanted
                child.send(service.stop_signal)
        child.bury()
        code = child.code() or 0
        # As a shell reports the end by a signal.
        return code if code >= 0 else 128 - code

    def watch(self) -> None:
        """Restart what dies, until the user wants everything stopped."""
        while not self._signals.stopping:
            self.tend()
            self._signals.pause(min(1.0, self._next_start_in()))

    def tend(self) -> None:
        """Bury the dead, start again what is due. :raises Refused: when a service finds a setting bad."""
        self._guardian.ensure()
        for kept in self._kept:
            if kept.came_up and kept.start_again_at is None and kept.child.code() is not None:
                self._mourn(kept)
            if kept.start_again_at is not None and time.monotonic() >= kept.start_again_at:
                kept.start_again_at = None
                kept.clear_the_way()
                kept.child = Child(kept.service, self._guardian)

    def _mourn(self, kept: Kept) -> None:
        line = kept.child.setting_line()
        kept.child.bury()
        if kept.child.code() == BAD_SETTING and line is not None:
            raise Refused(line, BAD_SETTING)
        lived = time.monotonic() - kept.child.started_at
        kept.deaths = 1 if lived > _SETTLED_SECONDS else kept.deaths + 1
        pause = min(_LONGEST_PAUSE, 0.1 * 2**kept.deaths)
        kept.start_again_at = time.monotonic() + pause
        ended = _how(kept.child.code())
        say(f"kgen: {kept.service.name} {ended}; it starts again in {pause:.1f} s (log: {kept.service.log})")

    def _next_start_in(self) -> float:
        due = [kept.start_again_at for kept in self._kept if kept.start_again_at is not None]
        return max(0.0, min(due, default=float("inf")) - time.monotonic())

    def stop(self) -> None:
        """End everything: first what uses the databases, then these. A second Ctrl-C hurries."""
        # What never came up has served nobody and has nothing to finish.
        end_all([kept.child for kept in self._kept if not kept.came_up], self._signals, at_once=True)
        for layer in (True, False):
            children = [kept.child for kept in self._kept if kept.service.uses_databases is layer]
            end_all(children, self._signals)
        self._guardian.close()


def _how(code: int | None) -> str:
    return f"was ended by signal {-code}" if code is not None and code < 0 else f"ended with code {code}"

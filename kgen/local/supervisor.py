"""Starts processes, restarts them when they die, and stops them in order."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from .children import ChildProcess, ProcessSpec, Watchdog
from .failure import BAD_SETTING, Refused, StopRequested
from .home import HomeLock
from .shutdown import stop_all
from .signals import Signals

_LONGEST_PAUSE = 30.0
# A process that has run this long did not fail to start: its next restart comes after a short pause again.
_STABLE_SECONDS = 30.0


def say(line: str) -> None:
    """Print a line for the user. A closed terminal is not an error."""
    try:
        print(line, flush=True)
    except OSError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (until the end)


@dataclass
class SupervisedProcess:
    """A process that the supervisor keeps running, with its current child."""

    spec: ProcessSpec
    child: ChildProcess
    before_start: Callable[[], None]
    # False until it has been ready once. Until then its end fails the start and there is no restart.
    came_up: bool = False
    deaths: int = 0
    restart_at: float | None = None


class Supervisor:
    """Keeps processes running until `stop`. Programs of the product stop before the databases they use."""

    def __init__(self, signals: Signals, lock: HomeLock) -> None:
        self._signals = signals
        self._watchdog = Watchdog(lock)
        self._processes: list[SupervisedProcess] = []

    def start(self, spec: ProcessSpec, before_start: Callable[[], None] = lambda: None) -> SupervisedProcess:
        """Start a process, after `before_start`, which every restart calls too. `await_up` waits for it."""
        before_start()
        process = SupervisedProcess(spec, ChildProcess(spec, self._watchdog), before_start)
        self._processes.append(process)
        return process

    def await_up(self, process: SupervisedProcess, ready: Callable[[], bool], seconds: float) -> None:
        """Return when the process is ready.

        :raises Refused: it died, was not ready in time, or refused a setting.
        :raises StopRequested: the user asked for a stop first.
        """

        def decided() -> bool:
            self.restart_dead()
            return process.child.bad_setting_line() is not None or process.child.code() is not None or ready()

        in_time = self._signals.wait_for(decided, seconds)
        line = process.child.bad_setting_line()
        if line is not None:
            raise Refused(line, BAD_SETTING)
        if not in_time:
            raise Refused(f"{process.spec.name} was not ready within {seconds:.0f} s; see {process.spec.log}")
        if process.child.code() is not None:
            raise Refused(f"{process.spec.name} did not start: {process.child.last_error()}")
        process.came_up = True

    def run(self, spec: ProcessSpec) -> ChildProcess:
        """Run a program to its end and return it.

        :raises StopRequested: the user asked for a stop; the program has ended.
        """
        child = ChildProcess(spec, self._watchdog)
        try:
            while child.code() is None:
                if self._signals.stopping:
                    raise StopRequested
                self._signals.pause(0.5)
                self.restart_dead()
            return child
        finally:
            stop_all([child], self._signals)

    def run_in_foreground(self, spec: ProcessSpec) -> int:
        """Run a program that shares the terminal until it ends by itself; its exit code, as a shell reports it."""
        child = ChildProcess(spec, self._watchdog)
        sent = 0
        while child.code() is None:
            self._signals.pause(0.5)
            self.restart_dead()
            # The terminal sends the first Ctrl-C to the program itself. Any other request becomes a stop_signal.
            requested = self._signals.terminated + self._signals.immediate
            if requested > sent:
                sent = requested
                child.send(spec.stop_signal)
        child.clean_up()
        code = child.code() or 0
        # A shell reports the end by signal N as 128 + N.
        return code if code >= 0 else 128 - code

    def run_until_stopped(self) -> None:
        """Restart what dies until the user asks for a stop."""
        while not self._signals.stopping:
            self.restart_dead()
            self._signals.pause(min(1.0, self._next_restart_in()))

    def restart_dead(self) -> None:
        """Note the processes that have died and restart those whose pause is over.

        :raises Refused: a process ended because of a bad setting.
        """
        self._watchdog.ensure()
        for process in self._processes:
            if process.came_up and process.restart_at is None and process.child.code() is not None:
                self._schedule_restart(process)
            if process.restart_at is not None and time.monotonic() >= process.restart_at:
                process.restart_at = None
                process.before_start()
                process.child = ChildProcess(process.spec, self._watchdog)

    def _schedule_restart(self, process: SupervisedProcess) -> None:
        line = process.child.bad_setting_line()
        process.child.clean_up()
        if process.child.code() == BAD_SETTING and line is not None:
            raise Refused(line, BAD_SETTING)
        lived = time.monotonic() - process.child.started_at
        process.deaths = 1 if lived > _STABLE_SECONDS else process.deaths + 1
        pause = min(_LONGEST_PAUSE, 0.1 * 2**process.deaths)
        process.restart_at = time.monotonic() + pause
        end = _description_of_end(process.child.code())
        say(f"kgen: {process.spec.name} {end}; restart in {pause:.1f} s (log: {process.spec.log})")

    def _next_restart_in(self) -> float:
        due = [process.restart_at for process in self._processes if process.restart_at is not None]
        return max(0.0, min(due, default=float("inf")) - time.monotonic())

    def stop(self) -> None:
        """Stop everything: the users of the databases, then the databases. A second Ctrl-C skips the graces."""
        # A process that never came up has served nobody and has nothing to finish.
        stop_all([process.child for process in self._processes if not process.came_up], self._signals, at_once=True)
        for layer in (True, False):
            children = [process.child for process in self._processes if process.spec.uses_databases is layer]
            stop_all(children, self._signals)
        self._watchdog.close()


def _description_of_end(code: int | None) -> str:
    return f"was ended by signal {-code}" if code is not None and code < 0 else f"ended with code {code}"

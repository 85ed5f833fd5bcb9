"""Child processes that cannot outlive the launcher."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from . import watchdog as watchdog_script
from .home import CHECKOUT, HomeLock

_PR_SET_PDEATHSIG = 1
# Loaded before any fork: between fork and exec a child may only call it.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class ProcessSpec:
    """A program to start: its command, its log, and the signals that end it."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    log: Path | None = None
    # Receives standard output instead of the log. Without either, the process writes to the launcher's output.
    output: IO[bytes] | None = None
    stop_signal: int = signal.SIGTERM
    # Sent when there is no time: the launcher was killed, the user pressed Ctrl-C twice, or stop_signal did not help.
    immediate_signal: int = signal.SIGKILL
    # Sent by the kernel to the main process when the launcher dies. SIGTERM lets it end its own children.
    orphan_signal: int = signal.SIGTERM
    grace_seconds: float = 12
    # In a session of its own the process gets no Ctrl-C from the terminal, and its whole group can be ended.
    own_session: bool = True
    # Called in the child before the program replaces it.
    change_identity: Callable[[], None] | None = None
    # Send stop_signal to the whole group again and again: a process that is still loading may miss the first one.
    repeat_stop_signal: bool = False
    # Processes that use the databases stop before the databases do.
    uses_databases: bool = True
    # The checkout that the process runs in.
    folder: Path = CHECKOUT


class Watchdog:
    """The launcher's side of the watchdog process: starts it, replaces it and sends it the list of children."""

    def __init__(self, lock: HomeLock) -> None:
        self._lock = lock
        # The signal that ends each child, by pid.
        self._children: dict[int, int] = {}
        self._start()

    def _start(self) -> None:
        read, self.pipe = os.pipe()
        command = [sys.executable, "-I", "-S", watchdog_script.__file__, str(read)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(read, self._lock.descriptor),
            start_new_session=True,
            cwd="/",
        )
        os.close(read)
        for pid, number in self._children.items():
            self._send(f"add {pid} {number}")

    def ensure(self) -> None:
        """Replace the watchdog process if it was killed."""
        if self._process.poll() is not None:
            os.close(self.pipe)
            self._start()

    def _send(self, line: str) -> None:
        # If the process has just died, the next ensure() replaces it and sends the whole list again.
        with contextlib.suppress(BrokenPipeError):
            os.write(self.pipe, f"{line}\n".encode())

    def note(self, pid: int, number: int) -> None:
        """Remember a child that has announced itself to the watchdog process, for that process's replacement."""
        self._children[pid] = number

    def drop(self, pid: int) -> None:
        """Take a child that has ended off the list: the kernel may reuse its pid."""
        if self._children.pop(pid, None) is not None:
            self._send(f"drop {pid}")

    def close(self) -> None:
        """Let the watchdog process end. It ends what is still on the list: after a clean stop, nothing."""
        os.close(self.pipe)
        self._process.wait()


class ChildProcess:
    """A running process, started from its spec."""

    def __init__(self, spec: ProcessSpec, watchdog: Watchdog) -> None:
        self.spec = spec
        self._watchdog = watchdog
        self.log_start = spec.log.stat().st_size if spec.log and spec.log.exists() else 0
        self.started_at = time.monotonic()
        with contextlib.ExitStack() as files:
            log = files.enter_context(open_log(spec.log)) if spec.log else None
            self._process = subprocess.Popen(
                spec.command,
                env=dict(spec.environment),
                cwd=spec.folder,
                stdin=subprocess.DEVNULL if spec.own_session else None,
                stdout=spec.output or log,
                stderr=log,
                start_new_session=spec.own_session,
                preexec_fn=_before_exec(spec, watchdog, os.getpid()),
            )
        self.pid = self._process.pid
        watchdog.note(self.pid, spec.immediate_signal)

    def code(self) -> int | None:
        """The exit code (negative: the signal that ended it), or None while it runs."""
        return self._process.poll()

    def send(self, number: int) -> None:
        """Signal the main process. SIGKILL goes to its whole group, which would outlive a killed main process."""
        if self.code() is None:
            self._process.send_signal(number)
        if number == signal.SIGKILL:
            self.send_group(number)

    def send_group(self, number: int) -> None:
        """Signal the process and all that it has started, if it has a group of its own."""
        if self.spec.own_session:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    def clean_up(self) -> None:
        """Call after its end: kills the rest of its group and takes it off the watchdog's list."""
        self.send(signal.SIGKILL)
        self._watchdog.drop(self.pid)

    def log_lines(self) -> list[str]:
        """The lines of its log since it was started."""
        if self.spec.log is None or not self.spec.log.exists():
            return []
        with self.spec.log.open("rb") as file:
            file.seek(self.log_start)
            return file.read(1_000_000).decode("utf-8", "replace").splitlines()

    def last_error(self) -> str:
        """The last error in its log, else the last line, without PostgreSQL's time stamp; and the log's path."""
        lines = [line.strip() for line in self.log_lines()[-40:] if line.strip()]
        found = [f"it ended with code {self.code()}", *lines]
        # A full disk explains the errors that follow it.
        for words in (("No space left",), ("FATAL", "PANIC", "rror:")):
            found = [line for line in found if any(word in line for word in words)] or found
        last = found[-1]
        return f"{last.partition('] ')[2] or last} (log: {self.spec.log})"

    def bad_setting_line(self) -> str | None:
        """The line in which the product refuses a setting, without the prefix `kgen: `."""
        lines = (line for line in self.log_lines() if line.startswith("kgen: setting "))
        return next((line.removeprefix("kgen: ") for line in lines), None)


def open_log(path: Path) -> IO[bytes]:
    """Open a log for appending. Only its owner can read it."""
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "ab")


def _before_exec(spec: ProcessSpec, watchdog: Watchdog, launcher: int) -> Callable[[], None]:
    """Make the function that the child runs before exec. The child is on the watchdog's list before it is a program."""
    line = f"add %d {spec.immediate_signal}\n"

    def prepare() -> None:
        if spec.change_identity is not None:
            spec.change_identity()
        if _libc is not None:
            # After the change of identity, which would clear it.
            _libc.prctl(_PR_SET_PDEATHSIG, spec.orphan_signal, 0, 0, 0)
        # Popen has restored SIGPIPE. A watchdog that has just died must not take the child along.
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        with contextlib.suppress(BrokenPipeError):
            os.write(watchdog.pipe, (line % os.getpid()).encode())
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        # The launcher died before prctl: the kernel sends no signal for that.
        if os.getppid() != launcher:
            os._exit(1)

    return prepare

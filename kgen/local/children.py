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

from . import guardian as guardian_script
from .home import CHECKOUT, Lock

_PR_SET_PDEATHSIG = 1
# Loaded before any fork: the child may not do more than call it.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Service:
    """What to start, where its output goes and how it is ended."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    log: Path | None = None
    # Where its standard output goes if not to the log; without either it shares ours.
    output: IO[bytes] | None = None
    stop_signal: int = signal.SIGTERM
    # When there is no time: the launcher was killed, the user is impatient, or stop_signal did not help.
    hurry_signal: int = signal.SIGKILL
    # What the kernel sends to the main process when the launcher dies; SIGTERM lets it end its own children.
    orphan_signal: int = signal.SIGTERM
    grace_seconds: float = 12
    # Its own session: a Ctrl-C in the terminal does not reach it, and its whole group can be ended.
    own_session: bool = True
    become: Callable[[], None] | None = None
    # Repeat the stop signal to its whole group: a process that is still loading may miss the first one.
    insist: bool = False
    # It stops before the databases do.
    uses_databases: bool = True


class Guardian:
    """Keeps a guardian process alive and tells it what must not outlive us."""

    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._ward: dict[int, int] = {}
        self._start()

    def _start(self) -> None:
        read, self.pipe = os.pipe()
        command = [sys.executable, "-I", "-S", guardian_script.__file__, str(read)]
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
        for pid, number in self._ward.items():
            self._tell(f"add {pid} {number}")

    def ensure(self) -> None:
        """Replace a guardian that was killed."""
        if self._process.poll() is not None:
            os.close(self.pipe)
            self._start()

    def _tell(self, line: str) -> None:
        # A guardian that has just died is replaced by the next ensure(), which repeats the list.
        with contextlib.suppress(BrokenPipeError):
            os.write(self.pipe, f"{line}\n".encode())

    def note(self, pid: int, number: int) -> None:
        """The child has told the guardian itself; remember it for the guardian's successor."""
        self._ward[pid] = number

    def drop(self, pid: int) -> None:
        """The process is gone and its number may be given to a stranger."""
        if self._ward.pop(pid, None) is not None:
            self._tell(f"drop {pid}")

    def close(self) -> None:
        """Let it go: it ends what is left, which after a clean stop is nothing."""
        os.close(self.pipe)
        self._process.wait()


class Child:
    """A running service."""

    def __init__(self, service: Service, guardian: Guardian) -> None:
        self.service = service
        self._guardian = guardian
        self.log_start = service.log.stat().st_size if service.log and service.log.exists() else 0
        self.started_at = time.monotonic()
        with contextlib.ExitStack() as files:
            log = files.enter_context(open_log(service.log)) if service.log else None
            self._process = subprocess.Popen(
                service.command,
                env=dict(service.environment),
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL if service.own_session else None,
                stdout=service.output or log,
                stderr=log,
                start_new_session=service.own_session,
                preexec_fn=_before_exec(service, guardian, os.getpid()),
            )
        self.pid = self._process.pid
        guardian.note(self.pid, service.hurry_signal)

    def code(self) -> int | None:
        """What it returned (negative: the signal that ended it), or None while it runs."""
        return self._process.poll()

    def send(self, number: int) -> None:
        """Signal the main process; for SIGKILL its whole group, which a killed main process leaves behind."""
        if self.code() is None:
            self._process.send_signal(number)
        if number == signal.SIGKILL:
            self.send_group(number)

    def send_group(self, number: int) -> None:
        """Signal all that it has started, if it has a group of its own."""
        if self.service.own_session:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    def bury(self) -> None:
        """After its end: nothing of its group lives on, and the guardian forgets its number."""
        self.send(signal.SIGKILL)
        self._guardian.drop(self.pid)

    def said(self) -> list[str]:
        """The lines of its log since it was started."""
        if self.service.log is None or not self.service.log.exists():
            return []
        with self.service.log.open("rb") as file:
            file.seek(self.log_start)
            return file.read(1_000_000).decode("utf-8", "replace").splitlines()

    def complaint(self) -> str:
        """Its last complaint or else last line, without PostgreSQL's time stamp; and where there is more."""
        lines = [line.strip() for line in self.said()[-40:] if line.strip()]
        told = [f"it ended with code {self.code()}", *lines]
        # A full disk explains the complaints that follow it.
        for words in (("No space left",), ("FATAL", "PANIC", "rror:")):
            told = [line for line in told if any(word in line for word in words)] or told
        last = told[-1]
        return f"{last.partition('] ')[2] or last} (log: {self.service.log})"

    def setting_line(self) -> str | None:
        """The line with which the product refuses a setting, without our prefix."""
        lines = (line for line in self.said() if line.startswith("kgen: setting "))
        return next((line.removeprefix("kgen: ") for line in lines), None)


def open_log(path: Path) -> IO[bytes]:
    """Append to a log that only its owner reads."""
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "ab")


def _before_exec(service: Service, guardian: Guardian, launcher: int) -> Callable[[], None]:
    """What the child does before it becomes the program: there is no moment in which nobody minds it."""
    line = f"add %d {service.hurry_signal}\n"

    def prepare() -> None:
        if service.become is not None:
            service.become()
        if _libc is not None:
            # After `become`: a change of identity would clear it.
            _libc.prctl(_PR_SET_PDEATHSIG, service.orphan_signal, 0, 0, 0)
        # Popen has restored SIGPIPE; a guardian that has just died must not take the child along.
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        with contextlib.suppress(BrokenPipeError):
            os.write(guardian.pipe, (line % os.getpid()).encode())
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        if os.getppid() != launcher:
            os._exit(1)

    return prepare

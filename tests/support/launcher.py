"""Launchers as real processes: start one, wait for what it does, know every process that belongs to it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.support.waiting import PATIENCE_SECONDS, eventually

CHECKOUT = Path(__file__).resolve().parent.parent.parent
# The product's programs by words of their command lines. The stub runs two processes of each.
PROGRAMS = (
    ("kgen.serving",),
    ("celery", "--hostname worker@"),
    ("celery", "--hostname messenger@"),
    ("celery", "beat"),
)


def clean_environment(**more: str) -> dict[str, str]:
    """Ours without what a stack above us has put there."""
    ours = ("KGEN_", "MAKE", "MFLAGS", "DATABASE_URL", "REDIS_URL", "PORT", "DJANGO_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | more


def free_port() -> int:
    """A port that nobody uses now, below the range from which the kernel takes them for connections."""
    with socket.socket() as probe:
        # Processes side by side look far apart.
        for port in range(20_000 + os.getpid() * 37 % 10_000, 32_000):
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise AssertionError("no free port")


@dataclass(frozen=True)
class Process:
    """One process, told from a later one of the same number by its start."""

    pid: int
    started: str
    command: str

    def lives(self) -> bool:
        """Whether it is there, and no mere zombie."""
        facts = _stat(self.pid)
        return facts is not None and facts[19] == self.started and facts[0] != "Z"

    def kill(self) -> None:
        """kill -9."""
        os.kill(self.pid, signal.SIGKILL)


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/<pid>/stat behind the name: state, parent, …, start (the 20th)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def _process(pid: int) -> Process | None:
    facts = _stat(pid)
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return Process(pid, facts[19], command) if facts else None


def descendants(pid: int) -> list[Process]:
    """Everything below a process, itself left out."""
    parents = {int(entry): _stat(int(entry)) for entry in os.listdir("/proc") if entry.isdigit()}
    below, found = {pid}, []
    # A child's number may be lower than its parent's, so look until nothing new turns up.
    while new := {child for child, facts in parents.items() if facts and int(facts[1]) in below} - below:
        below |= new
        found += [process for child in new if (process := _process(child))]
    return found


@dataclass
class Launcher:
    """`python -m kgen.local` with arguments, in a checkout and a home."""

    checkout: Path
    home: Path
    port: int = field(default_factory=free_port)
    arguments: tuple[str, ...] = ("up",)
    workers: int = 1
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] = field(init=False)

    def start(self, *, command: tuple[str, ...] | None = None) -> "Launcher":
        """Start it, in a process group of its own as a shell would."""
        settings = {
            "KGEN_HOME": str(self.home),
            "PORT": str(self.port),
            "KGEN_WEB_WORKERS": str(self.workers),
        }
        self.process = subprocess.Popen(
            command or (sys.executable, "-m", "kgen.local", *self.arguments),
            cwd=self.checkout,
            env=clean_environment(**settings) | self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # Under nohup the tests ignore hangups, and their children would too.
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
        )
        return self

    def await_ready(self) -> str:
        """What it said up to the end of the panel."""
        assert self.process.stdout
        said = []
        for line in self.process.stdout:
            said.append(line)
            if "curl" in line:
                return "".join(said)
        raise AssertionError(f"it ended: {''.join(said)}{self.end()[1]}")

    def await_whole(self) -> None:
        """Return when all of the stub product runs: the launcher starts most of it after it has said "ready"."""
        self.await_ready()
        eventually(lambda: all(len(self.members(*words)) >= 2 for words in PROGRAMS))

    def end(self) -> tuple[int, str]:
        """Wait for its end: the code, and what it wrote to standard error."""
        errors = self.process.communicate(timeout=PATIENCE_SECONDS)[1]
        return self.process.returncode, errors

    def stop(self, number: int = signal.SIGINT) -> int:
        """Ask it to stop; its code."""
        self.process.send_signal(number)
        return self.end()[0]

    def family(self) -> list[Process]:
        """All that it has started."""
        return descendants(self.process.pid)

    def members(self, *words: str) -> list[Process]:
        """Its living processes whose command lines have these words, in the order of their starts."""
        found = [one for one in self.family() if one.lives() and all(word in one.command for word in words)]
        return sorted(found, key=lambda one: (int(one.started), one.pid))

    def member(self, *words: str) -> Process:
        """The first of them, once there is one: a main process is older than its children."""
        return eventually(lambda: self.members(*words))[0]

    def page(self) -> str | None:
        """What web answers with 200 now, else None."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return str(answer.read().decode())
        except (URLError, OSError):
            return None


def all_gone(family: list[Process]) -> bool:
    """Whether none of them lives."""
    return not any(process.lives() for process in family)


@contextlib.contextmanager
def launched(launcher: Launcher) -> Iterator[Launcher]:
    """All of it runs; at the end it is stopped if it still runs."""
    launcher.start()
    try:
        launcher.await_whole()
        yield launcher
    finally:
        if launcher.process.poll() is None:
            launcher.stop()


# Asks the database of a launcher's product; the single value as text.
type Query = Callable[[Launcher, str], str]

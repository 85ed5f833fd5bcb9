"""The product as it runs in production, on a database and a broker of its own, for as long as it is measured."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kgen.local import home as homes
from kgen.local import product, services, state
from kgen.local.failure import Refused, StopRequested
from kgen.local.home import Home
from kgen.local.services import Services
from kgen.local.signals import Signals
from kgen.local.supervisor import SupervisedProcess, Supervisor

# The limits stay on, so that what they cost is inside; they are only too high to be reached. `--against` starts earlier
# revisions with these too: a setting with a new name keeps its old one here.
LIMITS = {
    "KGEN_RATE_GAMER_PER_SECOND": "1000000",
    "KGEN_RATE_GAMER_BURST": "1000000",
    "KGEN_RATE_CLIENT_PER_SECOND": "10000000",
    "KGEN_NEW_GAMERS_PER_DAY": "1000000000",
}
ARRANGEMENT = {"KGEN_WEB_WORKERS": "2", "KGEN_LOG_FORMAT": "json", "KGEN_LOG_LEVEL": "INFO"}


@dataclass
class Stack:
    """A database and a broker that run, and the product's programs once they are started."""

    home: Home
    signals: Signals
    supervisor: Supervisor
    services: Services
    how: product.WebOptions
    programs: dict[str, SupervisedProcess] = field(default_factory=dict)

    def start_product(self) -> None:
        """Web, worker and beat; returns when web answers."""
        web = self.supervisor.start(product.web(self.home, self.services, self.how))
        self.supervisor.await_up(web, self.how.ready, seconds=120)
        self.programs["web"] = web
        for service in (product.worker(self.home, self.services), product.beat(self.home, self.services)):
            kept = self.supervisor.start(service)
            kept.came_up = True
            self.programs[service.name] = kept

    def pid(self, name: str) -> int:
        """The main process of one of the product's programs."""
        return self.programs[name].child.pid

    def run(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
        """What a program printed. :raises Refused: it failed. :raises StopRequested: the user wants out."""
        with tempfile.TemporaryFile(dir=self.home.path) as output:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment
            )
            try:
                while process.poll() is None:
                    self.check()
                    self.signals.pause(0.5)
            finally:
                process.kill()
                process.wait()
            output.seek(0)
            said = output.read().decode("utf-8", "replace")
        if process.returncode != 0:
            raise Refused(f"{Path(command[0]).name} failed: {said.strip()[-500:]}")
        return said

    @contextlib.contextmanager
    def beside(self, command: Sequence[str]) -> Iterator[None]:
        """A program runs while the block does, and is waited for at its end. :raises Refused: it failed."""
        with tempfile.TemporaryFile(dir=self.home.path) as output:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
            try:
                yield
                self.signals.wait_for(lambda: process.poll() is not None, seconds=60)
            finally:
                process.kill()
                process.wait()
            if process.returncode != 0:
                output.seek(0)
                raise Refused(f"{Path(command[0]).name} failed: {output.read().decode('utf-8', 'replace')[-500:]}")

    def check(self) -> None:
        """:raises StopRequested: the user wants out. :raises Refused: one of the product's programs has died."""
        if self.signals.stopping:
            raise StopRequested
        self.supervisor.restart_dead()
        for name, kept in self.programs.items():
            if kept.deaths:
                raise Refused(f"{name} died under load: {kept.child.last_error()}")

    @property
    def web_log(self) -> Path:
        """Where web writes one line a request."""
        return self.home.path / "web.log"


@contextlib.contextmanager
def running_stack(path: Path) -> Iterator[Stack]:
    """Database and broker: those of DATABASE_URL and REDIS_URL, else fresh ones in `path`, with fsync on.

    At the end everything that was started has ended.
    """
    homes.reset(path)
    home = homes.open_home(path)
    os.environ.update(LIMITS)
    for name, value in ARRANGEMENT.items():
        os.environ.setdefault(name, value)
    os.environ["PORT"] = str(free_port())
    how = product.WebOptions.configured()
    with homes.locked(home) as lock, Signals() as signals:
        supervisor = Supervisor(signals, lock)
        try:
            with how.reserved_port():
                given = services.start(home, supervisor)
                _check_empty(given)
                state.migrate(home, given, supervisor)
                yield Stack(home, signals, supervisor, given, how)
        finally:
            supervisor.stop()
            homes.forget_socket_folder(home)


def _check_empty(given: Services) -> None:
    """The ledger forgets nothing, so what is seeded stays for ever: only an empty database may take it."""
    if given.ask("SELECT count(*) FROM users_client") not in (None, "0"):
        raise Refused("DATABASE_URL: this database holds games already; the benchmark needs an empty one")


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((product.HOST, 0))
        port: int = probe.getsockname()[1]
        return port

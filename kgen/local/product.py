"""The command lines of the product's long-running programs."""

from __future__ import annotations

import contextlib
import http.client
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from kgen import environment as settings

from .children import ProcessSpec
from .failure import BAD_SETTING, Refused
from .home import Home
from .services import Services

HOST = "127.0.0.1"


@dataclass(frozen=True)
class WebOptions:
    """The web server's port and sizes, from the environment."""

    port: int
    workers: int
    threads: int

    @staticmethod
    def configured() -> WebOptions:
        """:raises SystemExit: after one line that names the bad setting."""
        return WebOptions(
            port=settings.whole("PORT", 8000, least=1, most=65535),
            workers=settings.whole("KGEN_WEB_WORKERS", 2, least=1, most=256),
            threads=settings.whole("KGEN_WEB_THREADS", 8, least=1, most=256),
        )

    @property
    def base_url(self) -> str:
        """The address of the web server."""
        return f"http://{HOST}:{self.port}"

    @contextlib.contextmanager
    def reserved_port(self) -> Iterator[None]:
        """Reserve the port for the block: the web server shares ports and would serve beside another program.

        :raises Refused: the port is in use, or this user may not use it.
        """
        with socket.socket() as reservation:
            reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                reservation.bind((HOST, self.port))
            except PermissionError:
                raise Refused(f"setting PORT: this user may not use port {self.port}", BAD_SETTING) from None
            except OSError:
                hint = f"choose another: make up PORT={self.port + 1}"
                raise Refused(f"port {self.port} is in use; {hint}") from None
            if sys.platform == "linux":
                # From now on the workers may bind it too. A second launcher's bind above fails.
                reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            else:
                reservation.close()
            yield

    def ready(self) -> bool:
        """Whether /readyz answers 200."""
        with contextlib.closing(http.client.HTTPConnection(HOST, self.port, timeout=5)) as connection:
            try:
                connection.request("GET", "/readyz")
                return connection.getresponse().status == 200
            except (OSError, http.client.HTTPException):
                return False


def web(home: Home, services: Services, options: WebOptions) -> ProcessSpec:
    """The web server. Its parent process replaces a worker that dies."""
    arguments = f"--host {HOST} --port {options.port} --workers {options.workers}"
    command = [sys.executable, "-m", "kgen.serving", *arguments.split()]
    return ProcessSpec("web", command, services.environment, log=home.log("web"), repeat_stop_signal=True)


def worker(home: Home, services: Services) -> ProcessSpec:
    """Celery's worker for the duties that call nobody outside. Work cut off by a stop stays due."""
    return _worker("worker", "--queues celery --concurrency 2", home, services)


def messenger(home: Home, services: Services) -> ProcessSpec:
    """Celery's worker for the duties that call the outside: one process for each, since none runs twice at a time."""
    return _worker("messenger", "--queues codes,payouts,webhooks --concurrency 3", home, services)


def _worker(name: str, queues: str, home: Home, services: Services) -> ProcessSpec:
    arguments = f"-A kgen worker --hostname {name}@%h {queues} --without-gossip --without-mingle --loglevel WARNING"
    command = [sys.executable, "-m", "celery", *arguments.split()]
    return ProcessSpec(name, command, services.environment, log=home.log(name))


def beat(home: Home, services: Services) -> ProcessSpec:
    """Celery's scheduler."""
    command = [sys.executable, "-m", "celery", "-A", "kgen", "beat", "--loglevel", "WARNING", "--pidfile="]
    command += ["--schedule", str(home.path / "beat-schedule")]
    return ProcessSpec("beat", command, services.environment, log=home.log("beat"))

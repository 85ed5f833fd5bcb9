"""The product's long-running programs, known by their command lines only."""

from __future__ import annotations

import contextlib
import http.client
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from kgen import environment as settings

from .children import Service
from .failure import BAD_SETTING, Refused
from .home import Home
from .services import Services

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Web:
    """How web is served, from the environment."""

    port: int
    workers: int
    threads: int

    @staticmethod
    def configured() -> Web:
        """:raises SystemExit: after one line that names the bad setting."""
        return Web(
            port=settings.whole("PORT", 8000, least=1, most=65535),
            workers=settings.whole("KGEN_WEB_WORKERS", 2, least=1, most=256),
            threads=settings.whole("KGEN_WEB_THREADS", 8, least=1, most=256),
        )

    @property
    def base_url(self) -> str:
        """Where it is reached."""
        return f"http://{HOST}:{self.port}"

    @contextlib.contextmanager
    def reserved_port(self) -> Iterator[None]:
        """The port is free and stays ours: the web server shares ports and would serve beside a stranger."""
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
                # From now on its workers may bind it too, and a second launcher's bind above fails.
                reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            else:
                reservation.close()
            yield

    def ready(self) -> bool:
        """Whether /readyz says 200."""
        with contextlib.closing(http.client.HTTPConnection(HOST, self.port, timeout=5)) as connection:
            try:
                connection.request("GET", "/readyz")
                return connection.getresponse().status == 200
            except (OSError, http.client.HTTPException):
                return False


def web(home: Home, services: Services, how: Web) -> Service:
    """The web server with its workers; one that dies is replaced by its parent."""
    options = f"--host {HOST} --port {how.port} --workers {how.workers}"
    command = [sys.executable, "-m", "kgen.serving", *options.split()]
    return Service("web", command, services.environment, log=home.log("web"), insist=True)


def worker(home: Home, services: Services) -> Service:
    """Celery's worker for what needs only our own servers. What it does not finish in time stays due."""
    return _worker("worker", "--queues celery --concurrency 2", home, services)


def messenger(home: Home, services: Services) -> Service:
    """Celery's worker for what calls the outside: a process for each kind, since none runs twice at a time."""
    return _worker("messenger", "--queues codes,payouts,webhooks --concurrency 3", home, services)


def _worker(name: str, what: str, home: Home, services: Services) -> Service:
    options = f"-A kgen worker --hostname {name}@%h {what} --without-gossip --without-mingle --loglevel WARNING"
    command = [sys.executable, "-m", "celery", *options.split()]
    return Service(name, command, services.environment, log=home.log(name))


def beat(home: Home, services: Services) -> Service:
    """Celery's clock."""
    command = [sys.executable, "-m", "celery", "-A", "kgen", "beat", "--loglevel", "WARNING", "--pidfile="]
    command += ["--schedule", str(home.path / "beat-schedule")]
    return Service("beat", command, services.environment, log=home.log("beat"))

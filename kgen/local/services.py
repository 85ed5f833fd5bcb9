"""The database and the broker: those that the environment names, or new ones."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass

from kgen import environment as settings

from . import secrets
from .failure import Refused
from .home import Home, socket_folder
from .postgres import Postgres, psql
from .supervisor import Supervisor
from .valkey import Valkey, answers

# Recovery after a crash under load takes long.
_START_SECONDS = 120


@dataclass(frozen=True)
class Services:
    """The addresses of a running database and a running broker."""

    database_url: str
    redis_url: str
    # The environment for every program of the product.
    environment: dict[str, str]

    def ask(self, statement: str) -> str | None:
        """Run a statement that returns one value. None if it fails."""
        answer = psql(self.database_url, statement)
        return answer.stdout.strip() if answer.returncode == 0 else None


def start(home: Home, supervisor: Supervisor, *, fast: bool = False) -> Services:
    """Check the servers that the environment names and start the others.

    :raises Refused: naming the server that does not answer or start.
    """
    given_database, given_redis = _given_database(), _given_redis()
    sockets = socket_folder(home)
    redis_url = given_redis or _start_valkey(Valkey(home, sockets), supervisor)
    database_url = given_database or _start_postgres(Postgres(home, sockets, fast=fast), supervisor)
    own = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "KGEN_LOCAL": "1",
        "KGEN_HOME": str(home.path),
    }
    environment = dict(os.environ) | secrets.environment(home) | own
    return Services(database_url, redis_url, environment)


def _start_postgres(server: Postgres, supervisor: Supervisor) -> str:
    server.prepare(supervisor.run)
    process = supervisor.start(server.spec(), server.before_start)
    supervisor.await_up(process, server.ready, _START_SECONDS)
    return server.url


def _start_valkey(server: Valkey, supervisor: Supervisor) -> str:
    server.prepare()
    process = supervisor.start(server.spec(), server.before_start)
    supervisor.await_up(process, server.ready, _START_SECONDS)
    return server.url


def _given_database() -> str | None:
    """DATABASE_URL, or None if it is not set. :raises Refused: its server does not answer."""
    if not os.environ.get("DATABASE_URL"):
        return None
    url = settings.url("DATABASE_URL", None, ("postgresql", "postgres"))
    try:
        answer = psql(url, "SELECT 1")
    except (ValueError, subprocess.TimeoutExpired):
        raise Refused("DATABASE_URL: the address is invalid, or its server does not answer") from None
    if answer.returncode != 0:
        lines = answer.stderr.strip().splitlines() or ["no answer"]
        raise Refused(f"DATABASE_URL: {lines[0].removeprefix('psql: error: ')}")
    return url


def _given_redis() -> str | None:
    """REDIS_URL, or None if it is not set. :raises Refused: its server does not answer."""
    if not os.environ.get("REDIS_URL"):
        return None
    url = settings.url("REDIS_URL", None, ("redis", "rediss", "unix"))
    try:
        reached = answers(url)
    except ValueError:
        reached = False
    if not reached:
        raise Refused("REDIS_URL: no server answers there")
    return url

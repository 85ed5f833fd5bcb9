"""The database and the broker: the environment's, or our own."""

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

# Recovery after a crash under load takes a while.
_START_SECONDS = 120


@dataclass(frozen=True)
class Services:
    """A database and a broker that answer."""

    database_url: str
    redis_url: str
    # What a program of the product is to be started with.
    environment: dict[str, str]

    def ask(self, statement: str) -> str | None:
        """One value from the database, or None if the statement fails."""
        answer = psql(self.database_url, statement)
        return answer.stdout.strip() if answer.returncode == 0 else None


def start(home: Home, supervisor: Supervisor, *, fast: bool = False) -> Services:
    """Start what the environment does not give, check what it does. :raises Refused: naming what is away."""
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
    kept = supervisor.start(server.service(), server.clear_the_way)
    supervisor.await_up(kept, server.ready, _START_SECONDS)
    return server.url


def _start_valkey(server: Valkey, supervisor: Supervisor) -> str:
    server.prepare()
    kept = supervisor.start(server.service(), server.clear_the_way)
    supervisor.await_up(kept, server.ready, _START_SECONDS)
    return server.url


def _given_database() -> str | None:
    """DATABASE_URL, if it is set and its server answers."""
    if not os.environ.get("DATABASE_URL"):
        return None
    url = settings.url("DATABASE_URL", None, ("postgresql", "postgres"))
    try:
        answer = psql(url, "SELECT 1")
    except (ValueError, subprocess.TimeoutExpired):
        raise Refused("DATABASE_URL: it is no address, or its server does not answer") from None
    if answer.returncode != 0:
        lines = answer.stderr.strip().splitlines() or ["no answer"]
        raise Refused(f"DATABASE_URL: {lines[0].removeprefix('psql: error: ')}")
    return url


def _given_redis() -> str | None:
    """REDIS_URL, if it is set and its server answers."""
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

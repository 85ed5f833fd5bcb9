"""The CPU clocks of the programs that take part in the ordinary run."""

from __future__ import annotations

from benchmarks import processes, seed
from benchmarks.stack import Stack
from kgen.valkey import valkey


class Meter:
    """CPU of the server, and of database and Valkey where they are on this machine."""

    def __init__(self, stack: Stack) -> None:
        self.roots = {"server": stack.pid("web"), "database": _postmaster(), "valkey": _valkey_pid()}

    def read(self) -> dict[str, float | None]:
        """CPU seconds since each began."""
        return {
            name: None if root is None or not processes.is_measurable() else processes.cpu_seconds(root)
            for name, root in self.roots.items()
        }


def _postmaster() -> int | None:
    """The parent of our own backend, if the database is on this machine."""
    backend = seed.ask("SELECT pg_backend_pid()")[0]
    return processes.parent_of(backend) if processes.name_of(backend).startswith("postgres") else None


def _valkey_pid() -> int | None:
    pid = int(valkey().info("server")["process_id"])
    return pid if processes.name_of(pid).startswith(("valkey", "redis")) else None

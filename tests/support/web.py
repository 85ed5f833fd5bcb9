"""A web server in processes of its own, and what goes over its sockets, byte by byte."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import connection

from tests.support.databases import url_of
from tests.support.launcher import CHECKOUT, Process, descendants, free_port
from tests.support.waiting import PATIENCE_SECONDS, START_SECONDS, eventually

# A header that sends a call to the ordinary path without changing its answer.
ORDINARY = {"Content-Encoding": "identity"}


@dataclass
class Reply:
    """An answer, as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)

    def refused(self, status: int, code: str) -> None:
        """It must be this problem."""
        assert self.status == status, self
        assert self.headers["content-type"] == "application/problem+json"
        assert self.json["code"] == code
        assert self.json["request_id"] == self.headers["x-request-id"]


class Wire:
    """A connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
        self._rest = b""

    def send(self, data: bytes) -> "Wire":
        """As it is."""
        self.socket.sendall(data)
        return self

    def reply(self, *, to_head: bool = False) -> Reply:
        """The next answer; one to HEAD has no body."""
        head = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
        status = int(head[0].split()[1])
        length = 0 if to_head or status < 200 or status in (204, 304) else int(headers["content-length"])
        while len(self._rest) < length:
            self._more()
        body, self._rest = self._rest[:length], self._rest[length:]
        return Reply(status, headers, body)

    def is_closed(self) -> bool:
        """Whether nothing more comes."""
        try:
            return not self._rest and self.socket.recv(1) == b""
        except ConnectionError:
            return True

    def close(self) -> None:
        """Without a word."""
        self.socket.close()

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._rest:
            self._more()
        found, _, self._rest = self._rest.partition(mark)
        return found

    def _more(self) -> None:
        data = self.socket.recv(65536)
        assert data, "the connection was closed"
        self._rest += data


def request(method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> bytes:
    """A whole request; with a body its length and type are said unless the headers do."""
    given = {"Host": "localhost"} | (headers or {})
    named = {name.lower() for name in given}
    if body and not {"content-length", "transfer-encoding"} & named:
        given["Content-Length"] = str(len(body))
    if body and "content-type" not in named:
        given["Content-Type"] = "application/json"
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def in_chunks(body: bytes, size: int = 1000) -> bytes:
    """The body in chunks, with its end."""
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


@dataclass
class Web:
    """A running server on this test's database."""

    log: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self, command: list[str], environment: dict[str, str]) -> None:
        """Start it; it answers when this returns."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, *command],
                cwd=CHECKOUT,
                env=os.environ | {"DATABASE_URL": database_url()} | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        eventually(self.answers, START_SECONDS)

    def answers(self) -> bool:
        """Whether somebody serves."""
        assert self.process.poll() is None, self.log.read_text()[-2000:]
        try:
            return self.ask("GET", "/healthz").status == 200
        except (OSError, AssertionError):
            return False

    def wire(self) -> Wire:
        """A new connection."""
        return Wire(self.port)

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, body: Any = None) -> Reply:
        """One request on a connection of its own; `body` is bytes, or goes as JSON."""
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        wire = self.wire()
        try:
            return wire.send(request(method, path, headers, data)).reply()
        finally:
            wire.close()

    def workers(self) -> list[Process]:
        """Its processes that serve."""
        return [one for one in descendants(self.process.pid) if one.lives() and "--parent" in one.command]

    def lines(self, word: str) -> list[str]:
        """What the log says with this word in it."""
        return [line for line in self.log.read_text().splitlines() if word in line]

    def end(self) -> None:
        """Stop all of it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE_SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


def database_url() -> str:
    """The address of the database that this test uses."""
    return url_of(connection.settings_dict["NAME"])


@contextmanager
def serving(folder: Path, *, workers: int = 1, **environment: str) -> Iterator[Web]:
    """The server as production runs it, with these settings."""
    web = Web(folder / "web.log")
    try:
        web.start(["-m", "kgen.serving", "--port", str(web.port), "--workers", str(workers)], environment)
        yield web
    finally:
        web.end()


@contextmanager
def serving_after(folder: Path, preparation: str, **environment: str) -> Iterator[Web]:
    """One worker alone, which runs this line of Python first."""
    web = Web(folder / "web.log")
    serve = f"from kgen.serving.worker import work; work('127.0.0.1', {web.port}, parent={os.getpid()})"
    try:
        web.start(["-c", f"{preparation}\n{serve}"], environment)
        yield web
    finally:
        web.end()


def sockets(port: int) -> list[list[str]]:
    """The rows of /proc/net/tcp of this port: state (0A listens, 01 is connected) and the rest."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [row for row in rows if row[1].endswith(f":{port:04X}")]


def listeners(port: int) -> int:
    """How many processes take connections."""
    return sum(row[3] == "0A" for row in sockets(port))


def connections_of(web: Web) -> int:
    """How many connections with callers it has open."""
    return sum(row[3] in ("01", "08") for row in sockets(web.port))

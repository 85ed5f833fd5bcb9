"""A gateway for text messages, over real HTTP: keeps what it is sent and answers as it is told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


@dataclass
class SmsGateway:
    """What came in, and how to answer: `hang_up` closes the connection without a word."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    status: int = 200
    answer: bytes = b"{}"
    hang_up: bool = False
    on_message: Callable[[], None] | None = None

    def code(self, phone: str) -> str:
        """The newest code that this phone got."""
        return str(next(r.json["code"] for r in reversed(self.received) if r.json["to"] == phone))

    def count(self, phone: str) -> int:
        """How many messages this phone got."""
        return sum(r.json["to"] == phone for r in self.received)


@contextmanager
def running() -> Iterator[SmsGateway]:
    """A gateway on a free port of this machine."""
    gateway = SmsGateway()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            gateway.received.append(Received(self.path, headers, body))
            if gateway.on_message:
                gateway.on_message()
            if gateway.hang_up:
                self.close_connection = True
                return
            self.send_response(gateway.status)
            self.send_header("Content-Length", str(len(gateway.answer)))
            self.end_headers()
            self.wfile.write(gateway.answer)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    gateway.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

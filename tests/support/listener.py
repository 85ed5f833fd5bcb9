"""A studio's web server, which hears webhooks and answers as it is told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# Longer than anybody waits for an answer.
HANG_SECONDS = 60


@dataclass
class Heard:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Listener:
    """What was heard, and what will be answered: the next of `answers`, else 200; nothing while it `hangs`."""

    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    # Headers of every answer.
    answer_headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    on_request: Callable[[], None] | None = None
    # How many requests wait for an answer now, and how many ever did at once.
    waiting: int = 0
    most_waiting: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def bodies(self) -> list[dict[str, Any]]:
        """The bodies in the order in which they were written; some may have overtaken others on the way."""
        return sorted((json.loads(one.body) for one in list(self.heard)), key=lambda body: str(body["timestamp"]))

    def release(self) -> None:
        """Hang no longer."""
        with self.changed:
            self.hangs = False
            self.changed.notify_all()

    def hang(self) -> None:
        """Wait while it hangs."""
        with self.changed:
            self.waiting += 1
            self.most_waiting = max(self.most_waiting, self.waiting)
            self.changed.wait_for(lambda: not self.hangs, HANG_SECONDS)
            self.waiting -= 1


@contextmanager
def listening() -> Iterator[Listener]:
    """A listener on a free port of 127.0.0.1."""
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            listener.heard.append(Heard(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            if listener.on_request:
                listener.on_request()
            if listener.hangs:
                listener.hang()
            status = listener.answers.pop(0) if listener.answers else 200
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            for name, value in listener.answer_headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    listener.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield listener
    finally:
        listener.release()
        server.shutdown()
        server.server_close()
        thread.join()

"""A payment gateway over real HTTP that keeps its own books and misbehaves as it is told."""

import json
import os
import signal
import socket
import struct
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from kgen.webhooks.signing import sign
from tests.support.http import Answer, Caller

SECRET = "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ="
# Longer than any caller here waits.
HANG_SECONDS = 3.0

# What happens to a POST: whether the gateway takes the payout in, and what the caller hears.
TAKEN = ("pay", "accept", "500-after", "hang-after", "reset", "garbage", "huge", "packed", "mismatch")
NOT_TAKEN = ("500", "429", "hang", "late", "reset-before", "garbage-before", "409")
REFUSED = ("reject", "400", "402", "422")
# Statuses by which a gateway that has not paid says that it never will.
REFUSALS = ("rejected", "failed", "reversed", "returned")
SILENT = ("hang", "hang-after", "late")
MISCONFIGURED = ("401", "403", "404", "405", "407", "301", "307")


@dataclass
class FakeGateway:
    """What the gateway knows, and what it is to do next. By default it pays and tells the truth."""

    deduplicates: bool = False
    posts: deque[str] = field(default_factory=deque)
    asks: deque[str] = field(default_factory=deque)
    # Every POST that came in, and how many payouts it led to, by reference.
    sent: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    effects: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    status: dict[str, str] = field(default_factory=dict)
    late: list[str] = field(default_factory=list)
    # Whether what it has accepted is paid by the time it is asked again.
    pays_accepted: bool = True
    faults: list[str] = field(default_factory=list)
    # A process to kill as soon as its request is in.
    victim: int | None = None
    on_post: Callable[[str], None] | None = None
    port: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}/v1"

    def take(self, reference: str, status: str) -> None:
        """A payout comes into the books; a gateway that does not deduplicate pays each time."""
        with self.lock:
            if self.deduplicates and reference in self.status:
                return
            self.status[reference] = status
            self.effects[reference] += status not in REFUSALS

    def report(self, reference: str, **changes: Any) -> dict[str, Any]:
        """What it says of a reference."""
        order = next(order for order in self.sent if order["reference"] == reference)
        status = self.status.get(reference, "rejected")
        reported = {name: order[name] for name in ("reference", "amount", "currency")} | {"status": status}
        if status == "paid":
            reported |= {"transaction_hash": f"0x{reference}", "block_number": 7, "gas_fee": 3}
        return reported | changes


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    gateway: FakeGateway

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        gateway = self.gateway
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.check_signed(body)
        order = json.loads(body)
        reference = order["reference"]
        if self.headers["Idempotency-Key"] != reference or len(reference) > 40:
            gateway.faults.append("idempotency key")
        with gateway.lock:
            gateway.sent.append(order)
            behaviour = gateway.posts.popleft() if gateway.posts else "pay"
        if gateway.deduplicates and reference in gateway.status and behaviour not in NOT_TAKEN + MISCONFIGURED:
            behaviour = "pay"
        if behaviour in TAKEN:
            gateway.take(reference, "accepted" if behaviour == "accept" else "paid")
        if behaviour == "reject":
            gateway.take(reference, "rejected")
        if gateway.on_post:
            gateway.on_post(reference)
        if gateway.victim:
            os.kill(gateway.victim, signal.SIGKILL)
            gateway.victim = None
            self.reset()
            return
        self.behave(behaviour, reference)

    def behave(self, behaviour: str, reference: str) -> None:
        """Answer, or not."""
        match behaviour:
            case "pay" | "accept" | "reject":
                self.say(200, self.gateway.report(reference))
            case "mismatch":
                self.say(200, self.gateway.report(reference, amount=1))
            case "hang" | "hang-after" | "late":
                if behaviour == "late":
                    self.gateway.late.append(reference)
                time.sleep(HANG_SECONDS)
                self.reset()
            case "reset" | "reset-before":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{")
                self.wfile.flush()
                self.reset()
            case "garbage" | "garbage-before":
                self.say(200, raw=b"<html>\xff paid</html>")
            case "huge":
                self.say(200, raw=json.dumps(self.gateway.report(reference, note="x" * 200_000)).encode())
            case "packed":
                self.say(200, raw=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
            case "301" | "307":
                self.say(int(behaviour), {}, headers={"Location": self.gateway.url + "/elsewhere"})
            case _:
                self.say(int(behaviour[:3]), {"status": "rejected", "reference": reference})

    def do_GET(self) -> None:
        gateway = self.gateway
        self.check_signed(b"")
        reference = self.path.rpartition("/")[2]
        with gateway.lock:
            gateway.asked.append(reference)
            behaviour = gateway.asks.popleft() if gateway.asks else "truth"
        if behaviour != "truth":
            self.behave(behaviour, reference)
        elif reference in gateway.status:
            self.say(200, gateway.report(reference))
            if gateway.status[reference] == "accepted" and gateway.pays_accepted:
                gateway.status[reference] = "paid"
        else:
            self.say(404, {"detail": "not seen"})
        if reference in gateway.late:
            # What had been on its way all the time comes in only now.
            gateway.late.remove(reference)
            gateway.take(reference, "paid")

    def check_signed(self, body: bytes) -> None:
        """As the specification says, with a clock that is ours."""
        id, stamp = self.headers.get("webhook-id", ""), self.headers.get("webhook-timestamp", "0")
        right = sign(SECRET, message_id=id, timestamp=int(stamp), body=body)
        if self.headers.get("webhook-signature") != right or abs(time.time() - int(stamp)) > 300:
            self.gateway.faults.append("signature")

    def say(
        self, status: int, body: Any = None, raw: bytes | None = None, headers: dict[str, str] | None = None
    ) -> None:
        content = raw if raw is not None else json.dumps(body).encode()
        with suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

    def reset(self) -> None:
        """Break the connection off with an RST."""
        self.close_connection = True
        with suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()


class Server(ThreadingHTTPServer):
    """Its threads end with the test."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: Any) -> None:
        """A caller that went away is nothing to print."""


@contextmanager
def running_gateway(deduplicates: bool = False) -> Iterator[FakeGateway]:
    """A gateway that listens until the block ends."""
    gateway = FakeGateway(deduplicates)
    server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"gateway": gateway}))
    gateway.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()


def report_of(row: Any, status: str = "paid", **more: Any) -> dict[str, Any]:
    """What a gateway that agrees with a withdrawal says of it; `more` adds to it or contradicts."""
    return {"reference": str(row.pk), "amount": row.amount, "currency": row.currency, "status": status} | more


def tell(report: Any, **kwargs: Any) -> Answer:
    """Send news to the product, signed."""
    return Caller().post("/hooks/payouts", **signed(report, **kwargs))


def signed(report: dict[str, Any] | bytes, *, secret: str = SECRET, age_seconds: int = 0) -> dict[str, Any]:
    """News as the gateway would send it: what `Caller.call` takes."""
    body = report if isinstance(report, bytes) else json.dumps(report).encode()
    stamp = int(datetime.now(UTC).timestamp()) - age_seconds
    signature = sign(secret, message_id="news-1", timestamp=stamp, body=body)
    headers = {"webhook-id": "news-1", "webhook-timestamp": str(stamp), "webhook-signature": f"v1,AAAA {signature}"}
    return {"raw": body, "headers": headers}

"""Driving wrk: pools of ready-made requests, a file a thread, and what came of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from benchmarks.stack import Stack
from kgen.local.failure import Refused

THREADS = 2
SCRIPT = Path(__file__).with_name("load.lua")
# wrk puts seven fresh digits in its place in each request: the length of a body stays.
DIGITS = "@@@@@@@"
_SEPARATOR = b"\x1e"


@dataclass(frozen=True)
class Outcome:
    """What a run of wrk measured. Times are in milliseconds; errors are refused, failed and unanswered requests."""

    requests: int
    seconds: float
    p50: float
    p99: float
    errors: int

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds if self.seconds else 0.0


def require_wrk() -> str:
    """wrk's path. :raises Refused: it is not installed."""
    found = shutil.which("wrk")
    if found is None:
        raise Refused("wrk is missing: it makes the load (Debian and Ubuntu: apt install wrk; macOS: brew install wrk)")
    return found


def request(method: str, path: str, headers: Mapping[str, str], body: object = None) -> bytes:
    """One request as it goes over the wire."""
    content = b"" if body is None else json.dumps(body, separators=(",", ":")).replace(f'"{DIGITS}"', DIGITS).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in headers.items())]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, "", ""]).encode() + content


def write_pool(folder: Path, requests: Iterable[bytes]) -> int:
    """Deal the requests out to the threads' files; how many there were."""
    count = 0
    files = [(folder / f"pool.{thread}").open("wb") for thread in range(THREADS)]
    try:
        source = iter(requests)
        while batch := list(islice(source, THREADS)):
            for file, content in zip(files, batch, strict=False):
                file.write(content + _SEPARATOR)
            count += len(batch)
    finally:
        for file in files:
            file.close()
    return count


def drive(stack: Stack, *, connections: int, seconds: float, order: str) -> Outcome:
    """Send the pool's requests for so long. `order`: random, or once (each request at most once)."""
    command = [require_wrk(), "-t", str(THREADS), "-c", str(connections), "-d", f"{seconds:g}s", "--timeout", "10s"]
    command += ["-s", str(SCRIPT), stack.how.base_url, "--", str(stack.home.path / "pool"), order]
    said = stack.run(command)
    facts = json.loads(said.strip().splitlines()[-1])
    return Outcome(
        requests=facts["requests"],
        seconds=facts["microseconds"] / 1e6,
        p50=facts["p50"] / 1000,
        p99=facts["p99"] / 1000,
        errors=facts["errors"],
    )

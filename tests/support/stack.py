"""The whole product as its launcher runs it: a tree of real processes, and HTTP over a real socket."""

import json
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg

from tests.support.launcher import CHECKOUT, Launcher, Process, clean_environment
from tests.support.waiting import START_SECONDS, eventually


class Stack:
    """One product with a home of its own: its database, its broker, its port, whatever the environment names."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.launcher = Launcher(CHECKOUT, home, workers=2, environment=environment)
        self.panel = ""

    def start(self) -> float:
        """Start it; after how many seconds /readyz said 200."""
        began = time.monotonic()
        self.launcher.start()

        def seconds_when_ready() -> float | None:
            assert self.launcher.process.poll() is None, self.launcher.end()
            return time.monotonic() - began if self.launcher.page() else None

        ready_after = eventually(seconds_when_ready, START_SECONDS)
        self.panel = self.launcher.await_ready()
        assert ready_after is not None
        return ready_after

    def stop(self) -> int:
        """Ctrl-C; what the launcher returned."""
        return self.launcher.stop(signal.SIGINT)

    def end(self) -> None:
        """Stop it if it still runs. What hangs is killed, and was a fault."""
        if self.launcher.process.poll() is not None:
            return
        family = self.launcher.family()
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.launcher.process.kill()
            for process in family:
                if process.lives():
                    process.kill()
            raise

    @property
    def facts(self) -> dict[str, str]:
        """quickstart.json."""
        found: dict[str, str] = json.loads((self.launcher.home / "quickstart.json").read_text())
        return found

    @property
    def studio_headers(self) -> dict[str, str]:
        """The demo game's credentials."""
        return {"x-client-id": self.facts["client_id"], "x-client-secret": self.facts["client_secret"]}

    def client(self, **headers: str) -> httpx.Client:
        """A keep-alive client of the running product."""
        return httpx.Client(base_url=self.facts["base_url"], headers=headers, timeout=20)

    def readiness(self) -> dict[str, Any]:
        """What /readyz says with 200, or {}."""
        page = self.launcher.page()
        return json.loads(page) if page else {}

    def is_whole(self, since: float = 0) -> bool:
        """Whether database and broker answer, and every queue was served after `since` (time.monotonic())."""
        asked_at, said = time.monotonic(), self.readiness()
        if said.get("broker") != "ok":
            return False
        ages = [said["last_sweep_age_seconds"], *said["last_run_age_seconds"].values()]
        return all(age is not None and age < min(5, asked_at - since) for age in ages)

    def rows(self, sql: str, *arguments: object) -> list[tuple[Any, ...]]:
        """Ask its database."""
        with psycopg.connect(self.facts["database_url"]) as connection:
            return connection.execute(sql, arguments).fetchall()

    def manage(self, *arguments: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a management command as in a second terminal."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=CHECKOUT,
            env=clean_environment(KGEN_HOME=str(self.launcher.home)),
            capture_output=True,
            text=True,
            timeout=seconds,
        )

    def process(self, name: str) -> Process:
        """A process of it that can be killed."""
        return {
            "a web worker": lambda: self.launcher.member("kgen.serving", "--parent"),
            "web": lambda: self.launcher.member("kgen.serving"),
            "beat": lambda: self.launcher.member("celery", "beat"),
            "the celery worker": lambda: self.launcher.member("celery", "--hostname worker@"),
            "the messenger": lambda: self.launcher.member("celery", "--hostname messenger@"),
            "Valkey": lambda: self.launcher.member("valkey-server"),
            "PostgreSQL": lambda: self.launcher.member("bin/postgres"),
            "a database connection": lambda: self.launcher.member("postgres: kgen kgen"),
        }[name]()

    def curl_line(self) -> list[str]:
        """The words of the panel's line that works when pasted."""
        return shlex.split(next(line for line in self.panel.splitlines() if line.strip().startswith("curl")))


@contextmanager
def running(home: Path, **environment: str) -> Iterator[Stack]:
    """A stack that runs, with these settings; afterwards nothing of it does."""
    stack = Stack(home, **environment)
    try:
        stack.start()
        yield stack
    finally:
        stack.end()

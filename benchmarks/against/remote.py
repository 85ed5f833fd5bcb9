"""A seeder that runs with another interpreter and another tree's packages."""

from __future__ import annotations

import contextlib
import json
import select
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.against.revision import Revision
from benchmarks.stack import Stack
from kgen.local.children import open_log
from kgen.local.failure import Refused

_PROGRAM = Path(__file__).parent.parent / "seeder.py"


class RemoteSeeder:
    """Passes orders on to `seeder.Seeder` in a process of its own. Each call raises Refused when that fails."""

    def __init__(self, process: subprocess.Popen[str], stack: Stack, log: Path) -> None:
        self._process, self._stack, self._log = process, stack, log

    def make_world(self, number: int, gamers: int, crowd: int) -> dict[str, Any]:
        """Seed a whole game; its facts."""
        facts: dict[str, Any] = self._order("make_world", number, gamers, crowd)
        return facts

    def open_tournament(self) -> str:
        """A tournament with a seat for everybody; its id."""
        return str(self._order("open_tournament"))

    def fill_tournament(self, uid: str) -> None:
        """Everybody who is not in it joins."""
        self._order("fill_tournament", uid)

    def make_rewards(self) -> list[tuple[int, str]]:
        """Rewards that nobody has claimed: the gamer's number and the reward's id."""
        return [(number, reward) for number, reward in self._order("make_rewards")]

    def _order(self, method: str, *arguments: object) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{json.dumps([method, arguments])}\n")
            self._process.stdin.flush()
        # Seeding takes minutes, in which the user may want out.
        while not select.select([self._process.stdout], [], [], 0.5)[0]:
            self._stack.check()
        line = self._process.stdout.readline()
        if not line:
            raise Refused(f"the seeder has ended: {self._last_words()}")
        answer = json.loads(line)
        if "error" in answer:
            raise Refused(f"seeding: {method}: {answer['error']}")
        return answer["result"]

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
        return f"{lines[-1]} (log: {self._log})"


@contextlib.contextmanager
def running_seeder(revision: Revision, stack: Stack) -> Iterator[RemoteSeeder]:
    """A seeder for a product that runs. Its process has ended afterwards."""
    log = stack.home.log("seeder")
    environment = stack.services.environment | {
        "DJANGO_SETTINGS_MODULE": "kgen.settings",
        "PYTHONPATH": str(revision.folder),
    }
    with open_log(log) as errors:
        process = subprocess.Popen(
            # Without -P it would find modules of this tree beside the program.
            [str(revision.python), "-P", str(_PROGRAM)],
            cwd=revision.folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            # A Ctrl-C is ours to answer.
            start_new_session=True,
        )
    try:
        yield RemoteSeeder(process, stack, log)
    finally:
        process.kill()
        process.communicate()

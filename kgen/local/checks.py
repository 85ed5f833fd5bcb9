"""Runs the static checks in parallel, then the tests. `make test` starts it inside a stack of its own.

The tests start when every check but mypy has ended: mypy takes a minute of one core without its cache, and the tests
mostly wait at their start.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from typing import IO

_CHECKS = {
    "ruff check": ["-m", "ruff", "check", "--quiet", "."],
    "ruff format": ["-m", "ruff", "format", "--quiet", "--check", "."],
    "import contracts": ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
    "missing migrations": ["manage.py", "makemigrations", "--check", "--dry-run"],
    "mypy": ["-m", "mypy", "--no-error-summary", "."],
}
_BESIDE_THE_TESTS = "mypy"


def main(arguments: list[str]) -> int:
    """Return 0 if everything passed; else 1, and the last line names what failed."""
    running: list[subprocess.Popen[bytes]] = []
    # The launcher sends it when it stops or was killed: no check may go on without it.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))
    try:
        with contextlib.ExitStack() as files:
            checks = {name: Check(name, files.enter_context(tempfile.TemporaryFile()), running) for name in _CHECKS}
            failed = [name for name, check in checks.items() if name != _BESIDE_THE_TESTS and not check.passed()]
            if "--no-tests" not in arguments and tests(running, long="--long" in arguments) != 0:
                failed.append("pytest")
            if not checks[_BESIDE_THE_TESTS].passed():
                failed.append(_BESIDE_THE_TESTS)
    except KeyboardInterrupt:
        return 130
    finally:
        for process in running:
            process.terminate()
    if failed:
        print(f"kgen: failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


class Check:
    """A static check in a process of its own, which writes to `output`."""

    def __init__(self, name: str, output: IO[bytes], running: list[subprocess.Popen[bytes]]) -> None:
        self._name, self._output = name, output
        self._process = _begin(running, _CHECKS[name], self._output)

    def passed(self) -> bool:
        """Wait for the check and print one line, with its output if it failed."""
        passed = self._process.wait() == 0
        print(f"kgen: {self._name}: {'ok' if passed else 'FAILED'}", flush=True)
        if not passed:
            self._output.seek(0)
            print(self._output.read().decode("utf-8", "replace"), flush=True)
        return passed


def _begin(
    running: list[subprocess.Popen[bytes]], command: list[str], output: IO[bytes] | None
) -> subprocess.Popen[bytes]:
    errors = subprocess.STDOUT if output is not None else None
    process = subprocess.Popen([sys.executable, *command], stdout=output, stderr=errors)
    running.append(process)
    return process


def tests(running: list[subprocess.Popen[bytes]], *, long: bool) -> int:
    """Run pytest with one process for each core, at least two, and one more; its exit code. `long` adds the long tests.

    Two, because faults that only show in parallel must show on every machine. One more, because a single process runs
    all tests that share a stack, and it mostly waits.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    more = ["--long"] if long else []
    return _begin(running, ["-m", "pytest", "-n", str(max(2, cores) + 1), *more], None).wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

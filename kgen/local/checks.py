"""Runs the static checks in parallel, then the tests. `make test` starts it inside a stack of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from typing import IO

_CHECKS = {
    "ruff check": ["-m", "ruff", "check", "--quiet", "."],
    "ruff format": ["-m", "ruff", "format", "--quiet", "--check", "."],
    "mypy": ["-m", "mypy", "--no-error-summary", "."],
    "import contracts": ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
    "missing migrations": ["manage.py", "makemigrations", "--check", "--dry-run"],
}


def main(arguments: list[str]) -> int:
    """Return 0 if everything passed; else 1, and the last line names what failed."""
    running: list[subprocess.Popen[bytes]] = []
    # The launcher sends it when it stops or was killed: no check may go on without it.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))
    try:
        failed = static_checks(running)
        if "--no-tests" not in arguments and tests(running, long="--long" in arguments) != 0:
            failed.append("pytest")
    except KeyboardInterrupt:
        return 130
    finally:
        for process in running:
            process.terminate()
    if failed:
        print(f"kgen: failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def static_checks(running: list[subprocess.Popen[bytes]]) -> list[str]:
    """Run all checks at once and print one line for each, with the output of those that fail; the failed names."""
    began = time.monotonic()
    with contextlib.ExitStack() as files:
        begun = []
        for name, command in _CHECKS.items():
            output = files.enter_context(tempfile.TemporaryFile())
            begun.append((name, _begin(running, command, output), output))
        failed = [name for name, process, output in begun if not _passed(name, process, output)]
    print(f"kgen: checks took {time.monotonic() - began:.0f} s", flush=True)
    return failed


def _begin(
    running: list[subprocess.Popen[bytes]], command: list[str], output: IO[bytes] | None
) -> subprocess.Popen[bytes]:
    errors = subprocess.STDOUT if output is not None else None
    process = subprocess.Popen([sys.executable, *command], stdout=output, stderr=errors)
    running.append(process)
    return process


def _passed(name: str, process: subprocess.Popen[bytes], output: IO[bytes]) -> bool:
    passed = process.wait() == 0
    print(f"kgen: {name}: {'ok' if passed else 'FAILED'}", flush=True)
    if not passed:
        output.seek(0)
        print(output.read().decode("utf-8", "replace"), flush=True)
    return passed


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

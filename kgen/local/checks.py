"""What `make test` runs inside its throw-away stack: the static checks beside each other, then the tests."""

from __future__ import annotations

import os
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
    """0 when all passed; else the last line names what failed. A good run ends with pytest's last line."""
    failed = static_checks()
    if "--no-tests" not in arguments and tests() != 0:
        failed.append("pytest")
    if failed:
        print(f"kgen: failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def static_checks() -> list[str]:
    """Run them all at once, show one line each and what the failed ones said; the names of those."""
    began = time.monotonic()
    running = [(name, *_begin(command)) for name, command in _CHECKS.items()]
    failed = [name for name, process, output in running if not _passed(name, process, output)]
    print(f"kgen: checks took {time.monotonic() - began:.0f} s", flush=True)
    return failed


def _begin(command: list[str]) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
    output = tempfile.TemporaryFile()  # noqa: SIM115 (_passed closes it)
    process = subprocess.Popen([sys.executable, *command], stdout=output, stderr=subprocess.STDOUT)
    return process, output


def _passed(name: str, process: subprocess.Popen[bytes], output: IO[bytes]) -> bool:
    passed = process.wait() == 0
    print(f"kgen: {name}: {'ok' if passed else 'FAILED'}", flush=True)
    with output:
        output.seek(0)
        if not passed:
            print(output.read().decode("utf-8", "replace"), flush=True)
    return passed


def tests() -> int:
    """One process a core, two at least: what only shows in parallel has to show everywhere."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return subprocess.call([sys.executable, "-m", "pytest", "-n", str(max(2, cores))])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

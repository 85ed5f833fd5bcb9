"""Where and how a run was measured."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.options import Options
from kgen.local.services import Services


def about(options: Options, services: Services) -> dict[str, str]:
    """The head of a report, by title."""
    cores = ", ".join(map(str, options.cores))
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return {
        "when": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{_cpu()}, {os.cpu_count()} cores, of which everything here shares {len(options.cores)} ({cores})",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}, "
        f"PostgreSQL {services.ask('SHOW server_version')}, fsync {services.ask('SHOW fsync')}, "
        f"synchronous_commit {services.ask('SHOW synchronous_commit')}",
        "load of the machine at the start": load,
        "size": f"{options.gamers:,} gamers, {options.gamers * 10:,} postings; {options.runs} runs of "
        f"{options.seconds:g} s each: the median, and in brackets the least and the most",
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())

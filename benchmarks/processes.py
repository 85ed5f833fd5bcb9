"""What processes have used, from Linux' /proc: CPU of whole trees, memory of single ones."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class _Stat:
    parent: int
    own_ticks: int
    buried_ticks: int


def is_measurable() -> bool:
    """Whether this system tells."""
    return (_PROC / "self" / "stat").exists()


def cpu_seconds(root: int) -> float:
    """What a process and all below it have used since they began, with those that have ended since."""
    stats = _all_stats()
    ticks = sum(stats[pid].own_ticks + stats[pid].buried_ticks for pid in _tree(root, stats))
    return ticks / _TICK


def memory_mb(root: int) -> list[float]:
    """The resident memory of each process of a tree, the largest first."""
    return sorted((_resident_mb(pid) for pid in _tree(root, _all_stats())), reverse=True)


def parent_of(pid: int) -> int | None:
    """The process above, if it is on this machine."""
    found = _stat(pid)
    return found.parent if found else None


def name_of(pid: int) -> str:
    """A process' name; empty where there is none."""
    try:
        return (_PROC / str(pid) / "comm").read_text().strip()
    except OSError:
        return ""


def arguments_of(pid: int) -> list[str]:
    """A process' command line; empty where there is none."""
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")[:-1]
    except OSError:
        return []


def below(root: int) -> list[int]:
    """All processes that a process has started, directly or not."""
    return list(_tree(root, _all_stats()))[1:] if is_measurable() else []


def _tree(root: int, stats: dict[int, _Stat]) -> Iterator[int]:
    if root in stats:
        yield root
    for pid, found in stats.items():
        if found.parent == root:
            yield from _tree(pid, stats)


def _all_stats() -> dict[int, _Stat]:
    pids = [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]
    return {pid: found for pid in pids if (found := _stat(pid)) is not None}


def _stat(pid: int) -> _Stat | None:
    try:
        # The name stands in brackets and may hold anything.
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    user, system, buried_user, buried_system = (int(text) for text in fields[11:15])
    return _Stat(int(fields[1]), user + system, buried_user + buried_system)


def _resident_mb(pid: int) -> float:
    try:
        lines = (_PROC / str(pid) / "status").read_text().splitlines()
    except OSError:
        return 0.0
    found = [line.split()[1] for line in lines if line.startswith("VmRSS:")]
    return int(found[0]) / 1024 if found else 0.0

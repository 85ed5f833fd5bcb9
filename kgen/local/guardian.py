"""The guardian: a small process that outlives a launcher killed outright, to end what that one had started.

It is run as a script, in a session of its own, and reads a pipe whose other end only the launcher holds (and,
for the moment before it becomes a program, each child). Lines: `add <pid> <signal>`, `drop <pid>`. The pipe's
end means that the launcher is gone: everything still on the list gets its signal at once, and SIGKILL when
that did not help. It inherits the home's lock, so that no new stack starts there before it has finished.
"""

import contextlib
import os
import signal
import sys
import time

# PostgreSQL's immediate shutdown kills its own stragglers after 5 s.
GRACE_SECONDS = 7


def listed(pipe: int) -> dict[int, int]:
    """Read until the pipe ends; the processes that are left, each with the signal that ends it."""
    left: dict[int, int] = {}
    with open(pipe) as lines:
        for line in lines:
            verb, pid, *number = line.split()
            if verb == "add":
                left[int(pid)] = int(number[0])
            else:
                left.pop(int(pid), None)
    return left


def send(pid: int, number: int) -> None:
    """Signal a process; for SIGKILL also the group it leads, whose number is its own while a member lives."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
    if number == signal.SIGKILL:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, number)


def lives(pid: int) -> bool:
    """Whether the process exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def end(left: dict[int, int]) -> None:
    """Return when nothing on the list lives."""
    for pid, number in left.items():
        send(pid, number)
    kill_at = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < kill_at and any(map(lives, left)):
        time.sleep(0.02)
    for pid in left:
        send(pid, signal.SIGKILL)


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    end(listed(int(sys.argv[1])))

"""The watchdog: a small process that outlives a killed launcher and ends the launcher's children.

It runs as a script in a session of its own and reads a pipe. Only the launcher holds the other end, and each child
until its exec. The lines are `add <pid> <signal>` and `drop <pid>`. The pipe's end means that the launcher has gone:
every process on the list gets its signal at once, and SIGKILL if that does not help. The watchdog inherits the lock on
the home, so that no new stack starts there before it has finished.
"""

import contextlib
import os
import signal
import sys
import time

# PostgreSQL's immediate shutdown kills its own stragglers after 5 s.
GRACE_SECONDS = 7


def listed(pipe: int) -> dict[int, int]:
    """Read until the pipe ends; the processes left on the list, each with the signal that ends it."""
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
    """Signal a process. SIGKILL also goes to the group it leads, whose id is not reused while a member lives."""
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
    """Signal every process on the list; after the grace, kill."""
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

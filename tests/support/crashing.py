"""Kills a process at a chosen moment of an action: just before or just after each COMMIT, or at an outward call.

The action runs in a fork that really dies by SIGKILL, so nothing of Python's or Django's cleaning up can help it.
"""

import os
import signal
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import httpx
import psycopg
from django.db import connection, connections

from tests.support.waiting import eventually

When = Literal["before", "after"]


# Calls are made in threads beside the one that commits.
_counting = threading.Lock()


@dataclass(frozen=True)
class Point:
    """The n-th (from 1) moment of a kind, and on which side of it the process dies."""

    number: int
    when: When


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _deadly(function: Callable[..., Any], point: Point, seen: list[int]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        with _counting:
            seen[0] += 1
            number = seen[0]
        if number == point.number and point.when == "before":
            _kill()
        result = function(*args, **kwargs)
        if number == point.number:
            _kill()
        return result

    return call


def dies_at(point: Point, action: Callable[[], object]) -> bool:
    """Run `action` in a fork that is killed at `point`; False if it ended before it got there.

    COMMITs and outward HTTP calls are counted together, in the order in which they happen. Needs committed rows.
    When it returns, the database has noticed the death: what was open is undone, its locks are free.
    """
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        _run_and_exit(point, action)
    _, status = os.waitpid(pid, 0)
    eventually(lambda: not _has_connections(pid))
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the action failed instead of dying; its trace is above"
    return False


def _named(pid: int) -> str:
    return f"kgen {pid}"


def _has_connections(pid: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [_named(pid)])
        return bool(cursor.fetchone()[0])


def _run_and_exit(point: Point, action: Callable[[], object]) -> None:
    connections.settings["default"]["OPTIONS"]["application_name"] = _named(os.getpid())
    seen = [0]
    # The test's own process only: the product's code is as it is, the ground falls away under it.
    psycopg.Connection.commit = _deadly(psycopg.Connection.commit, point, seen)  # type: ignore[method-assign]
    httpx.Client.send = _deadly(httpx.Client.send, point, seen)  # type: ignore[method-assign]
    try:
        action()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def every_point(action: Callable[[], object], prepare: Callable[[], None], check: Callable[[Point], None]) -> int:
    """For each point of `action`: `prepare`, die there, `check`. Returns how many points there were.

    `check` brings the world to its end again (a retry, a sweep) and compares.
    """
    died = 0
    for number in range(1, 50):
        for when in ("before", "after"):
            point = Point(number, when)  # type: ignore[arg-type]
            prepare()
            if not dies_at(point, action):
                return died
            died += 1
            check(point)
    raise AssertionError("an action with so many commits was not expected")

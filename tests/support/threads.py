"""Calls that really run at once: a thread and a database connection each, let go by one barrier."""

import fcntl
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

from django.db import connection, connections, transaction

from esports.selectors.escrows import escrow_differences
from tests.support.http import Answer
from tests.support.waiting import PATIENCE_SECONDS, eventually
from wallet.selectors import Difference, ledger_differences

# More connections than that at once only for one race on this machine: the server has 200 for all of them.
SMALL_RACE = 20
# Outcomes that races end in, as `outcomes` counts them.
FULL, OVER = (409, "TOURNAMENT_IS_FULL"), (400, "TOURNAMENT_IS_NOT_LIVE")


class Runner(Thread):
    """One call in a thread of its own. Its connection is closed when it is over."""

    def __init__(self, call: Callable[[], Any], barrier: Barrier | None = None) -> None:
        super().__init__(daemon=True)
        self.call, self.barrier = call, barrier
        self.value: Any = None
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        """The thread."""
        try:
            connection.ensure_connection()
            if self.barrier:
                self.barrier.wait(PATIENCE_SECONDS)
            self.value = self.call()
        except BaseException as error:
            self.error = error
            if self.barrier:
                self.barrier.abort()
        finally:
            connections.close_all()

    def result(self) -> Any:
        """What the call returned, once it has; raises what it raised."""
        self.join(PATIENCE_SECONDS)
        assert not self.is_alive(), "the call never came back"
        if self.error:
            raise self.error
        return self.value


def together(calls: Iterable[Callable[[], Any]]) -> list[Any]:
    """Run all calls at the same moment; what they returned, in their order."""
    wanted = list(calls)
    with _room(len(wanted)):
        barrier = Barrier(len(wanted))
        runners = [Runner(call, barrier) for call in wanted]
        for runner in runners:
            runner.join(PATIENCE_SECONDS)
    return [runner.result() for runner in runners]


def at_once(times: int, call: Callable[[], Any]) -> list[Any]:
    """Run one call so many times at the same moment."""
    return together([call] * times)


@contextmanager
def _room(connections_needed: int) -> Iterator[None]:
    """Wait until no other large race is on this machine."""
    if connections_needed <= SMALL_RACE:
        yield
        return
    with (Path(tempfile.gettempdir()) / f"kgen-races-{os.getuid()}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def holding(sql: str, arguments: Sequence[object], *, commit: bool = False) -> Iterator[None]:
    """Hold the locks that a statement takes, from a connection of one's own, until the block ends.

    Then what it wrote is taken back, or with `commit` committed.
    """
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute(sql, arguments)
        yield
        other.commit() if commit else other.rollback()
    finally:
        other.close()


def holding_participation(tournament_uid: str, user_id: str) -> AbstractContextManager[None]:
    """Hold a gamer's participation, as a score that is being written does."""
    return holding(_STAY, [tournament_uid, user_id])


def holding_seats(tournament_uid: str) -> AbstractContextManager[None]:
    """Hold a tournament's field, as a join that is being written does."""
    return holding("SELECT 1 FROM esports_seats WHERE tournament_id = %s FOR UPDATE", [tournament_uid])


def move_end(tournament_uid: str, seconds: float) -> None:
    """Lock and end come so many seconds from now, by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute(_MOVE_END, [seconds, seconds, tournament_uid])


def await_end(tournament_uid: str) -> None:
    """Wait until the tournament's end has passed."""
    eventually(lambda: bool(ask(_IS_OVER, tournament_uid)))


def begin_blocked(*calls: Callable[[], Any]) -> list[Runner]:
    """Start calls one after the other, each once the one before it waits for a lock that is held."""
    runners = []
    for number, call in enumerate(calls, start=1):
        runners.append(Runner(call))
        eventually(lambda number=number: ask(_WAITING) >= number)  # type: ignore[misc]
    return runners


def ask(sql: str, *arguments: object) -> Any:
    """One value from the database, outside of any transaction."""
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        return cursor.fetchone()[0]


def bonuses() -> dict[str, int]:
    """What every gamer's bonus account holds, by user_id."""
    with connection.cursor() as cursor:
        cursor.execute(_BONUSES)
        return dict(cursor.fetchall())


def outcomes(answers: Iterable[Answer]) -> Counter[tuple[int, str]]:
    """How many answers of each kind: (status, code), the code '' where all is well."""
    return Counter((a.status, "" if a.status < 400 else a.code) for a in answers)


def ledger_faults() -> list[Difference]:
    """What `verify_ledger` would find."""
    with transaction.atomic():
        return ledger_differences() + escrow_differences()


_MOVE_END = """
UPDATE esports_tournament SET locks_at = clock_timestamp() + make_interval(secs => %s),
       ends_at = clock_timestamp() + make_interval(secs => %s) WHERE id = %s
"""
_IS_OVER = "SELECT ends_at <= clock_timestamp() FROM esports_tournament WHERE id = %s"
_WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
_BONUSES = """
SELECT user_id, balance FROM users_gamer JOIN wallet_account USING (wallet_id) WHERE kind = 'bonus' ORDER BY user_id
"""
_STAY = """
SELECT 1 FROM esports_participation stay JOIN users_gamer gamer ON gamer.id = stay.gamer_id
 WHERE stay.tournament_id = %s AND gamer.user_id = %s AND stay.left_at IS NULL FOR UPDATE OF stay
"""

"""What the database refuses by no fault of the caller's: tried again where that is meant to be, else a clean 503."""

from collections.abc import Callable
from threading import Barrier
from typing import Any

import pytest
from django.db import OperationalError, close_old_connections, connection

from kgen.models import Heartbeat, IdempotencyKey
from kgen.transactions import ATTEMPTS, transactional
from tests.support.http import GamerCaller, StudioCaller
from tests.support.threads import Runner, ask, begin_blocked, bonuses, holding_seats, together
from tests.support.waiting import eventually


def with_setting(setting: str, call: Callable[[], Any]) -> Callable[[], Any]:
    """The call, on a connection with this setting."""

    def run() -> Any:
        with connection.cursor() as cursor:
            cursor.execute(f"SET {setting}")
        return call()

    return run


def touch(name: str) -> None:
    """Change a row, and hold it until the transaction is over."""
    assert Heartbeat.objects.filter(name=name).update(at="2026-01-01T00:00:00Z") == 1


@pytest.fixture
def two_rows() -> None:
    """Rows to lock."""
    for name in ("a", "b"):
        Heartbeat.objects.create(name=name, at="2025-01-01T00:00:00Z")


def test_a_service_runs_again_after_a_deadlock(two_rows: None) -> None:
    both_hold_one, runs = Barrier(2), []

    @transactional
    def cross(first: str, second: str) -> str:
        runs.append(first)
        touch(first)
        if len(runs) <= 2:
            both_hold_one.wait(10)
        touch(second)
        return first

    assert together([lambda: cross("a", "b"), lambda: cross("b", "a")]) == ["a", "b"]
    # The one that is run again may come between once more, before the other wakes.
    assert len(runs) >= 3


def test_a_service_runs_again_after_a_serialization_failure(two_rows: None) -> None:
    runs: list[int] = []

    @transactional
    def read_then_write() -> None:
        runs.append(1)
        ask("SELECT count(*) FROM kgen_heartbeat")
        if len(runs) == 1:
            # Somebody else changes the row in between.
            Runner(transactional(lambda: touch("a"))).result()
        touch("a")

    isolation = "SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ"
    Runner(with_setting(isolation, read_then_write)).result()
    assert len(runs) == 2


def test_a_service_gives_up_after_its_attempts() -> None:
    runs: list[int] = []

    @transactional
    def hopeless() -> None:
        runs.append(1)
        ask("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$")

    with pytest.raises(OperationalError):
        hopeless()
    assert len(runs) == ATTEMPTS


def test_a_lock_that_is_held_too_long_is_a_503_and_leaves_the_key_free(
    studio: StudioCaller, gamer: GamerCaller
) -> None:
    uid = studio.tournament(buy_in_price=10)
    with holding_seats(uid):
        (late,) = begin_blocked(with_setting("lock_timeout = '300ms'", lambda: gamer.join(uid, key="k-1")))
        answer = late.result()
    answer.refused(503, "UNAVAILABLE")
    assert answer.headers["Retry-After"] == "2"
    assert (bonuses(), IdempotencyKey.objects.count()) == ({gamer.user_id: 50}, 0)
    again = gamer.join(uid, key="k-1")
    again.ok()
    assert "Idempotent-Replayed" not in again.headers


@pytest.mark.parametrize("setting", ["statement_timeout = '1ms'", "default_transaction_read_only = on"])
def test_a_passing_fault_of_the_database_is_a_503(studio: StudioCaller, gamer: GamerCaller, setting: str) -> None:
    uid = studio.tournament(buy_in_price=10)
    with holding_seats(uid):
        answer = Runner(with_setting(setting, lambda: gamer.join(uid))).result()
    answer.refused(503, "UNAVAILABLE")
    assert bonuses() == {gamer.user_id: 50}


@pytest.mark.parametrize("timeout", ["idle_in_transaction_session_timeout", "transaction_timeout"])
def test_a_process_stopped_within_a_transaction_answers_503_and_recovers(
    studio: StudioCaller, gamer: GamerCaller, timeout: str
) -> None:
    uid = studio.tournament(buy_in_price=10)

    def stall(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        """Once it holds the seat, do nothing until the server has had enough."""
        result = execute(sql, *rest)
        if "UPDATE esports_seats" in sql:
            pid = connection.connection.info.backend_pid
            eventually(lambda: Runner(lambda: ask(_IS_GONE, pid)).result())
        return result

    def join_and_join_again() -> list[Any]:
        with connection.execute_wrapper(stall):
            stalled = gamer.join(uid)
        close_old_connections()  # as a server does before each request
        return [stalled, gamer.join(uid)]

    stalled, again = Runner(with_setting(f"{timeout} = '100ms'", join_and_join_again)).result()
    stalled.refused(503, "UNAVAILABLE")
    again.ok()
    assert bonuses() == {gamer.user_id: 40}


_IS_GONE = "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = %s"

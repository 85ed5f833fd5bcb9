"""Duties that call the outside: alone, many calls at once, and each in a queue that a worker serves."""

import time
from asyncio import CancelledError
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from kgen import duties
from kgen.celery import app
from kgen.clock import database_now
from kgen.local import product
from kgen.local.home import Home
from kgen.local.services import Services
from kgen.models import Heartbeat
from tests.support.http import Caller
from tests.support.threads import together

OUTSIDE = {"codes", "payouts", "webhooks"}


@pytest.mark.usefixtures("committed")
def test_a_duty_runs_once_at_a_time() -> None:
    begun, over = Event(), Event()
    runs = []

    @duties.duty("a test")
    def run() -> None:
        runs.append(1)
        begun.set()
        assert over.wait(10)

    def second() -> None:
        assert begun.wait(10)
        run()
        over.set()

    together([run, second])
    assert len(runs) == 1
    run()
    assert len(runs) == 2, "the lock was given back"
    assert Heartbeat.objects.get(name="a test").at > database_now() - timedelta(seconds=10)


@pytest.mark.usefixtures("committed")
def test_a_failed_run_releases_the_lock_and_writes_no_heartbeat() -> None:
    @duties.duty("a test")
    def run() -> None:
        raise ZeroDivisionError

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            run()
    assert not Heartbeat.objects.exists()


@pytest.mark.parametrize("fault", [ZeroDivisionError, SystemExit, CancelledError])
def test_a_call_that_raises_any_exception_is_recorded_as_failed(fault: type[BaseException]) -> None:
    due, booked = [3, 2, 1, 0], []

    def call(number: int) -> str:
        if number == 0:
            raise fault("a secret")
        return "made"

    def claim(room: int) -> Iterator[int]:
        for _ in range(min(room, len(due))):
            yield due.pop()

    def book(number: int, outcome: str) -> None:
        booked.append((number, outcome))

    def failed(number: int, words: str) -> str:
        return f"{number} failed: {words}"

    assert duties.call_many(claim=claim, call=call, failed=failed, book=book, at_once=2) == 4
    assert sorted(booked) == [(0, f"0 failed: unexpected {fault.__name__}"), (1, "made"), (2, "made"), (3, "made")]


def test_a_run_claims_nothing_after_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duties, "RUN_SECONDS", 0.5)
    claimed = []

    def claim(room: int) -> list[int]:
        claimed.append(room)
        return [room]

    began = time.monotonic()
    made = duties.call_many(
        claim=claim, call=lambda _: time.sleep(0.05), failed=lambda *_: None, book=lambda *_: None, at_once=1
    )
    assert made == len(claimed) > 1
    assert time.monotonic() - began < 2


def test_every_queue_has_a_worker() -> None:
    queues = set(app.amqp.queues)
    assert queues == OUTSIDE | {"celery"}
    routes = {task: app.amqp.router.route({}, task)["queue"].name for task in _scheduled()}
    assert {queue for queue in routes.values() if queue != "celery"} == OUTSIDE
    assert routes["rewards.tasks.settle_tournaments"] == "celery"
    served = [queue for options in (_options("worker"), _options("messenger")) for queue in _served(options)]
    assert sorted(served) == sorted(queues)


def _scheduled() -> list[str]:
    return [entry["task"] for entry in app.conf.beat_schedule.values()]


def _served(options: list[str]) -> list[str]:
    return options[options.index("--queues") + 1].split(",")


def _options(program: str) -> list[str]:
    make = getattr(product, program)
    return list(make(Home(Path("/nowhere")), Services("", "", {})).command)


@pytest.mark.django_db
def test_readiness_shows_the_age_of_each_duty() -> None:
    Heartbeat.objects.create(name="codes", at=database_now() - timedelta(seconds=7))
    said = Caller().get("/readyz").ok()
    assert 7 <= said["last_run_age_seconds"].pop("codes") < 9
    assert said["last_run_age_seconds"] == {"payouts": None, "webhooks": None}

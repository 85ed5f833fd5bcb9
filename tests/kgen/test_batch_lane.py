"""Lanes: what comes at once is done together, spoils nothing for others, and is bounded."""

import asyncio
import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from django.db import OperationalError

from kgen.errors import Unavailable
from kgen.fast_path.action_lanes import _lane_of, refusal
from kgen.fast_path.batch_lane import BatchLane
from kgen.fast_path.messages import FastRequest
from kgen.fast_path.routes import _actions
from tests.support.http import StudioCaller


@pytest.fixture(autouse=True)
def lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in production: each with its thread."""
    monkeypatch.setattr(BatchLane, "inline", False)


class Work:
    """Doubles numbers; waits at a gate before each run, and fails on what it is told to."""

    __name__ = "doubling"

    def __init__(self, *bad: int, error: type[Exception] = ValueError) -> None:
        self.gate, self.began = threading.Event(), threading.Event()
        self.runs: list[list[int]] = []
        self.bad, self.error = bad, error

    def __call__(self, items: Sequence[int]) -> list[int]:
        """One run."""
        self.began.set()
        assert self.gate.wait(30)
        self.runs.append(list(items))
        if set(items) & set(self.bad):
            raise self.error("spoiled")
        return [2 * item for item in items]


async def result_of(lane: BatchLane[int, int], number: int) -> int:
    """The result for one number."""
    future = asyncio.get_running_loop().create_future()
    lane.put(number, future.set_result)
    result = await future
    if isinstance(result, Exception):
        raise result
    assert isinstance(result, int)
    return result


async def all_of(lane: BatchLane[int, int], work: Work, numbers: range) -> list[Any]:
    """Their results; the first is being worked on when the others come."""
    first = asyncio.ensure_future(result_of(lane, numbers[0]))
    while not work.began.is_set():
        await asyncio.sleep(0)
    others = [asyncio.ensure_future(result_of(lane, number)) for number in numbers[1:]]
    await asyncio.sleep(0)
    work.gate.set()
    return await asyncio.gather(first, *others, return_exceptions=True)


def test_what_comes_while_a_run_is_busy_is_done_by_the_next_one_in_its_order() -> None:
    work = Work()
    assert asyncio.run(all_of(BatchLane(work), work, range(10))) == [2 * n for n in range(10)]
    assert sorted(work.runs[-1]) == work.runs[-1]
    assert len(work.runs) <= 2


def test_after_a_run_in_company_the_next_waits_for_more() -> None:
    work = Work()
    lane = BatchLane(work, gather_seconds=1)

    async def come() -> list[int]:
        await all_of(lane, work, range(10))
        first = asyncio.ensure_future(result_of(lane, 10))
        await asyncio.sleep(0)
        while not lane._queue.empty():
            await asyncio.sleep(0)
        return list(await asyncio.gather(first, result_of(lane, 11)))

    assert asyncio.run(come()) == [20, 22]
    assert work.runs[-1] == [10, 11]


def test_who_comes_alone_is_served_at_once() -> None:
    work = Work()
    lane = BatchLane(work, gather_seconds=3600)

    async def come() -> list[int]:
        return [await asyncio.wait_for(result_of(lane, number), 30) for number in range(10)]

    work.gate.set()
    assert asyncio.run(come()) == [2 * number for number in range(10)]
    assert work.runs == [[number] for number in range(10)]


def test_a_run_takes_no_more_than_its_most() -> None:
    work = Work()
    asyncio.run(all_of(BatchLane(work, most=4), work, range(10)))
    assert max(map(len, work.runs)) == 4


def test_one_that_spoils_a_run_spoils_nothing_for_the_others() -> None:
    work = Work(5)
    results = asyncio.run(all_of(BatchLane(work), work, range(10)))
    assert isinstance(results.pop(5), ValueError)
    assert results == [2 * n for n in range(10) if n != 5]


def test_when_the_database_is_away_nobody_is_tried_alone() -> None:
    work = Work(5, error=OperationalError)
    results = asyncio.run(all_of(BatchLane(work), work, range(10)))
    assert [type(result) for result in results[1:]] == [OperationalError] * 9
    assert len(work.runs) == 2


def test_when_too_much_waits_the_next_is_told_so() -> None:
    work = Work()
    results = asyncio.run(all_of(BatchLane(work, most=2), work, range(50)))
    refused = [result for result in results if isinstance(result, Unavailable)]
    assert len(refused) == 50 - 1 - 40
    assert [result for result in results if not isinstance(result, Exception)] == [2 * n for n in range(41)]


def test_one_that_cannot_be_told_disturbs_nobody() -> None:
    work = Work()

    def deaf(result: object) -> None:
        raise ValueError("nobody listens")

    async def run() -> int:
        lane: BatchLane[int, int] = BatchLane(work)
        lane.put(1, deaf)
        other = asyncio.ensure_future(result_of(lane, 2))
        await asyncio.sleep(0)
        work.gate.set()
        return await other

    assert asyncio.run(run()) == 4


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What is logged as an error."""
    with caplog.at_level(logging.ERROR):
        yield caplog


def test_a_bug_is_a_500_that_says_nothing_and_is_logged_once(logged: pytest.LogCaptureFixture) -> None:
    call = FastRequest("GET", "/x", b"", {}, b"", "the-id")
    answer = refusal(ZeroDivisionError("a secret"), call.request_id)
    assert answer.status == 500
    assert b"INTERNAL_ERROR" in answer.body
    assert b"secret" not in answer.body
    assert len(logged.records) == 1


@pytest.mark.django_db
def test_a_call_that_is_tried_alone_is_counted_once(
    studio: StudioCaller, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BatchLane, "inline", True)
    settings.RATE_GAMER_PER_SECOND, settings.RATE_GAMER_BURST = 1, 10
    gamers = [studio.gamer(f"player-{number}") for number in range(3)]
    service = _lane_of(next(action for action in _actions if action.name == "balance"))

    def work(visits: Sequence[Any]) -> Sequence[Any]:
        if len(visits) > 1:
            raise ValueError("spoiled")
        return list(visits)

    monkeypatch.setattr(service, "action", replace(service.action, work=work))
    headers = [{name.lower().encode(): value.encode() for name, value in gamer.headers.items()} for gamer in gamers]
    calls = [FastRequest("GET", "/fe/wallet/balance", b"", each, b"", "the-id") for each in headers]
    results = service._run([service.visit(call, {}) for call in calls])
    assert not [result for result in results if isinstance(result, Exception)]
    assert [call.rate_headers["RateLimit"].split(";")[1] for call in calls] == ["r=9"] * 3

"""Batch lanes: waiting items share a run, none spoils it for the others, and the queue is bounded."""

import asyncio
import logging
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.db import OperationalError

from kgen.errors import Unavailable
from kgen.fast_path.action_lane import PendingCall, refusal
from kgen.fast_path.batch_lane import BatchLane
from kgen.fast_path.messages import FastRequest
from kgen.fast_path.routes import RouteTable
from tests.support.http import StudioCaller


@pytest.fixture(autouse=True)
def lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each lane has its thread, as in production."""
    monkeypatch.setattr(BatchLane, "inline", False)


class Work:
    """Doubles numbers. Each run waits at a gate, and fails with a bad number."""

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
    """Their results; the others arrive while the first runs."""
    first = asyncio.ensure_future(result_of(lane, numbers[0]))
    while not work.began.is_set():
        await asyncio.sleep(0)
    others = [asyncio.ensure_future(result_of(lane, number)) for number in numbers[1:]]
    await asyncio.sleep(0)
    work.gate.set()
    return await asyncio.gather(first, *others, return_exceptions=True)


def test_items_that_arrive_during_a_run_share_the_next_one_in_order() -> None:
    work = Work()
    assert asyncio.run(all_of(BatchLane(work), work, range(10))) == [2 * n for n in range(10)]
    assert sorted(work.runs[-1]) == work.runs[-1]
    assert len(work.runs) <= 2


def test_the_run_after_a_large_run_waits_for_more_items() -> None:
    work = Work()
    lane = BatchLane(work, gather_seconds=1)

    async def arrive() -> list[int]:
        await all_of(lane, work, range(10))
        first = asyncio.ensure_future(result_of(lane, 10))
        await asyncio.sleep(0)
        while not lane._queue.empty():
            await asyncio.sleep(0)
        return list(await asyncio.gather(first, result_of(lane, 11)))

    assert asyncio.run(arrive()) == [20, 22]
    assert work.runs[-1] == [10, 11]


def test_a_single_item_is_served_at_once() -> None:
    work = Work()
    lane = BatchLane(work, gather_seconds=3600)

    async def arrive() -> list[int]:
        return [await asyncio.wait_for(result_of(lane, number), 30) for number in range(10)]

    work.gate.set()
    assert asyncio.run(arrive()) == [2 * number for number in range(10)]
    assert work.runs == [[number] for number in range(10)]


def test_a_run_takes_at_most_its_limit() -> None:
    work = Work()
    asyncio.run(all_of(BatchLane(work, most=4), work, range(10)))
    assert max(map(len, work.runs)) == 4


def test_a_failing_item_does_not_affect_the_other_items() -> None:
    work = Work(5)
    results = asyncio.run(all_of(BatchLane(work), work, range(10)))
    assert isinstance(results.pop(5), ValueError)
    assert results == [2 * n for n in range(10) if n != 5]


def test_no_item_is_retried_alone_while_the_database_is_away() -> None:
    work = Work(5, error=OperationalError)
    results = asyncio.run(all_of(BatchLane(work), work, range(10)))
    assert [type(result) for result in results[1:]] == [OperationalError] * 9
    assert len(work.runs) == 2


def test_further_items_are_refused_while_too_many_wait() -> None:
    work = Work()
    results = asyncio.run(all_of(BatchLane(work, most=2), work, range(50)))
    refused = [result for result in results if isinstance(result, Unavailable)]
    assert len(refused) == 50 - 1 - 40
    assert [result for result in results if not isinstance(result, Exception)] == [2 * n for n in range(41)]


def test_a_failing_delivery_does_not_affect_other_deliveries() -> None:
    work = Work()

    def fail(result: object) -> None:
        raise ValueError("delivery fails")

    async def run() -> int:
        lane: BatchLane[int, int] = BatchLane(work)
        lane.put(1, fail)
        other = asyncio.ensure_future(result_of(lane, 2))
        await asyncio.sleep(0)
        work.gate.set()
        return await other

    assert asyncio.run(run()) == 4


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """The errors that are logged."""
    with caplog.at_level(logging.ERROR):
        yield caplog


def test_a_bug_is_a_500_without_details_and_is_logged_once(logged: pytest.LogCaptureFixture) -> None:
    call = FastRequest("GET", "/x", b"", {}, b"", "the-id")
    answer = refusal(ZeroDivisionError("a secret"), call.request_id)
    assert answer.status == 500
    assert b"INTERNAL_ERROR" in answer.body
    assert b"secret" not in answer.body
    assert len(logged.records) == 1


@pytest.mark.django_db
def test_a_call_that_is_retried_alone_is_counted_once(
    studio: StudioCaller, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BatchLane, "inline", True)
    settings.RATE_GAMER_PER_SECOND, settings.RATE_GAMER_BURST = 1, 10
    gamers = [studio.gamer(f"player-{number}") for number in range(3)]
    found = RouteTable().match("GET", "/fe/wallet/balance")
    assert found is not None
    lane = found[0]

    def work(calls: Sequence[Any]) -> Sequence[Any]:
        if len(calls) > 1:
            raise ValueError("spoiled")
        return list(calls)

    monkeypatch.setattr(lane, "work", work)
    headers = [{name.lower().encode(): value.encode() for name, value in gamer.headers.items()} for gamer in gamers]
    requests = [FastRequest("GET", "/fe/wallet/balance", b"", each, b"", "the-id") for each in headers]
    calls = [PendingCall(lane, request, lambda response: None) for request in requests]
    for call in calls:
        call.read({})
    results = lane.run(calls)
    assert not [result for result in results if isinstance(result, Exception)]
    assert [request.rate_headers["RateLimit"].split(";")[1] for request in requests] == ["r=9"] * 3

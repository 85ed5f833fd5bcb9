"""Every call of the API has its number of SQL statements, whatever its rows; twenty together cost as one."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from esports.selectors import ranks
from kgen.fast_path.action_lane import ActionLane, PendingCall
from kgen.fast_path.messages import FastRequest
from kgen.fast_path.routes import RouteTable
from tests.support.costs import COSTS, Cost
from tests.support.endpoints import endpoints, name_of
from tests.support.gateway import SECRET
from tests.support.http import Answer, Caller
from tests.support.scene import MANY, Scene
from tests.support.undone import undone
from tests.support.ways import Chosen, Way
from users.services import client_secrets

FEW = 2


@pytest.fixture(scope="module")
def whole_scene(django_db_setup: None, django_db_blocker: Any) -> Iterator[Scene]:
    """Set once, in a transaction that never commits."""
    with django_db_blocker.unblock():
        try:
            with undone():
                yield Scene()
        finally:
            connection.close()


@pytest.fixture
def scene(whole_scene: Scene, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """As it was set, for one test, however slow the machine is: what is done once a minute or so is done already."""
    monkeypatch.setattr(ranks, "FRESH_MS", 3_600_000)
    monkeypatch.setattr(client_secrets, "SECRET_USE_RESOLUTION", timedelta(days=1))
    settings.SMS_PROVIDER = "console"
    settings.PAYOUT_GATEWAY_URL, settings.PAYOUT_GATEWAY_SECRET = "http://127.0.0.1:9/v1", SECRET
    with undone():
        yield whole_scene


def test_every_endpoint_has_a_declared_cost() -> None:
    found = endpoints()
    assert len(found) >= 50
    assert set(COSTS) == found


def test_every_fast_path_call_has_a_declared_cost_for_many() -> None:
    table = RouteTable()
    routes = [(m, lane) for (m, _), lane in table.fixed.items()] + [(m, lane) for m, _, lane in table.shaped]
    fast_path = {name_of(m, lane.viewset, lane.name) for m, lane in routes if m != "HEAD"}
    assert {name for name, costs in COSTS.items() if any(cost.fast_path is not None for cost in costs)} == fast_path


ALL = [(name, cost) for name, costs in COSTS.items() for cost in costs]
LISTS = [(name, cost) for name, cost in ALL if cost.rows]
FAST_PATH = [(name, cost) for name, cost in ALL if cost.fast_path is not None]


def ids(entries: list[tuple[str, Cost]]) -> list[str]:
    """Names of tests."""
    return [name for name, _ in entries]


def caller_of(scene: Scene, path: str, number: int) -> Caller:
    """Who makes such a call."""
    if path.startswith(("/fe/users/auth/token", "/hooks/")):
        return Caller()
    return scene.gamers[number] if path.startswith("/fe/") else scene.studio


def ask(scene: Scene, method: str, path: str, body: Any) -> Answer:
    """The first gamer's call, or the studio's."""
    caller = caller_of(scene, path, 0)
    return caller.call(method, path, **body) if body and "raw" in body else caller.call(method, path, body)


def statements(queries: CaptureQueriesContext) -> list[str]:
    """What was asked, savepoints left out."""
    return [query["sql"] for query in queries.captured_queries if "SAVEPOINT" not in query["sql"]]


def ordinary(scene: Scene, name: str, cost: Cost, rows: int) -> list[str]:
    """The statements of a call on the ordinary path. It is made twice: the first time may warm something."""
    method, (path, body) = name.partition(" ")[0], cost.ask(scene, 0)
    Chosen.way = Way.ORDINARY
    for _ in range(2):
        with undone(), CaptureQueriesContext(connection) as queries:
            answer = ask(scene, method, path, body)
        assert answer.status in (200, 201), answer.content
    if cost.rows:
        assert shown(answer) >= rows, answer.content
    return statements(queries)


def shown(answer: Answer) -> int:
    """How many rows an answer shows, or tells of."""
    found = answer.json
    if isinstance(found, list):
        return len(found)
    lists = [value for value in found.values() if isinstance(value, list)]
    return max((len(value) for value in lists), default=found.get("claimed", 0))


def set_up(scene: Scene, cost: Cost, rows: int) -> None:
    """What has to be there, and so many rows."""
    if cost.before:
        cost.before(scene)
    if cost.rows:
        cost.rows(scene, rows)


@pytest.mark.parametrize(("name", "cost"), ALL, ids=ids(ALL))
def test_a_call_runs_its_declared_number_of_statements(scene: Scene, name: str, cost: Cost) -> None:
    set_up(scene, cost, FEW)
    asked = ordinary(scene, name, cost, FEW)
    assert len(asked) == cost.queries, "\n".join(asked)


@pytest.mark.parametrize(("name", "cost"), LISTS, ids=ids(LISTS))
def test_more_rows_need_no_more_statements(scene: Scene, name: str, cost: Cost) -> None:
    set_up(scene, cost, cost.most)
    asked = ordinary(scene, name, cost, cost.most)
    assert len(asked) == cost.queries, "\n".join(asked)


def lane_of(request: FastRequest) -> tuple[ActionLane, dict[str, str]]:
    """The lane of a request, and the arguments in its path."""
    found = RouteTable().match(request.method, request.path)
    assert found is not None
    return found


def together(scene: Scene, name: str, cost: Cost, count: int) -> list[str]:
    """The statements of one run for so many calls, made twice as well."""
    requests = [fast_path_call(scene, name.partition(" ")[0], cost, number) for number in range(count)]
    lane, _ = lane_of(requests[0])
    for _ in range(2):
        with undone(), CaptureQueriesContext(connection) as queries:
            calls = [PendingCall(lane, request, lambda response: None) for request in requests]
            for call in calls:
                call.read(lane_of(call.request)[1])
            outcomes = lane.run(calls)
        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    return statements(queries)


def fast_path_call(scene: Scene, method: str, cost: Cost, number: int) -> FastRequest:
    """The call as the server reads it."""
    target, body = cost.ask(scene, number)
    path, _, query = target.partition("?")
    raw = b"" if body is None else json.dumps(body).encode()
    offered = caller_of(scene, path, number).headers | ({"content-type": "application/json"} if raw else {})
    headers = {name.lower().encode(): value.encode() for name, value in offered.items()}
    return FastRequest(method, path, query.encode(), headers, raw, "")


@pytest.mark.parametrize(("name", "cost"), FAST_PATH, ids=ids(FAST_PATH))
def test_twenty_calls_in_a_batch_cost_as_many_statements_as_one(scene: Scene, name: str, cost: Cost) -> None:
    set_up(scene, cost, FEW)
    for count in (1, MANY):
        asked = together(scene, name, cost, count)
        assert len(asked) == cost.fast_path, (count, "\n".join(asked))

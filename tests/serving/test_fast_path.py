"""The fast path on a real server: the same responses, cached credentials, and 503 while the database is away."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import connection
from django.utils.timezone import now

from kgen.fast_path.routes import RouteTable
from tests.support.addresses import BALANCE, SESSION
from tests.support.http import GamerCaller, StudioCaller
from tests.support.schema import document
from tests.support.waiting import eventually
from tests.support.web import ORDINARY, Reply, Web, database_url, serving
from users.models import Client, Gamer

pytestmark = pytest.mark.usefixtures("committed")

# By the contract, ending, suspending and switching off take effect within this time.
EFFECT_SECONDS = 5


def both_paths(web: Web, method: str, path: str, headers: dict[str, str], body: Any = None) -> list[Reply]:
    """The responses of the fast path and of the ordinary path."""
    return [web.ask(method, path, headers, body), web.ask(method, path, headers | ORDINARY, body)]


def test_both_paths_send_the_same_headers(web: Web, studio: StudioCaller, gamer: GamerCaller) -> None:
    board = f"/fe/esports/tournaments/{studio.tournament()}/leaderboard"
    calls: list[tuple[str, str, dict[str, str], Any]] = [
        ("GET", BALANCE, gamer.headers, None),
        ("GET", "/fe/wallet/transactions?limit=1", gamer.headers, None),
        ("GET", "/fe/wallet/transactions?last_evaluated_key=garbage", gamer.headers, None),
        ("POST", "/fe/esports/rewards/claim", gamer.headers, None),
        ("POST", "/fe/esports/rewards/claim", gamer.headers, {"tournament_id": str(uuid4())}),
        ("GET", board, gamer.headers, None),
        ("GET", f"{board}?limit=3&around=me", gamer.headers, None),
        ("POST", SESSION, studio.headers, {"user_id": "player-2"}),
        ("POST", board.replace("leaderboard", "join"), gamer.headers, {"joiningStake": 11}),
        ("GET", BALANCE, {"user-jwt-token": "forged"}, None),
        ("GET", BALANCE, gamer.headers | {"Cookie": "sessionid=odd"}, None),
    ]
    for method, path, headers, body in calls:
        fast_path, ordinary = both_paths(web, method, path, headers, body)
        assert fast_path.status == ordinary.status, path
        assert sorted(fast_path.headers) == sorted(ordinary.headers), path
        varying = {"date", "x-request-id", "ratelimit", "content-length", "etag"}
        fixed = [{k: v for k, v in one.headers.items() if k not in varying} for one in (fast_path, ordinary)]
        assert fixed[0] == fixed[1], path


def test_both_paths_answer_304_for_an_unchanged_board(web: Web, studio: StudioCaller, gamer: GamerCaller) -> None:
    board = f"/fe/esports/tournaments/{studio.tournament()}/leaderboard"
    tags = ", W/".join(one.headers["etag"] for one in both_paths(web, "GET", board, gamer.headers))
    known = gamer.headers | {"If-None-Match": f'"other", W/{tags}'}
    for answer in both_paths(web, "GET", board, known):
        assert (answer.status, answer.body) == (304, b"")
    fast_path, ordinary = both_paths(web, "GET", board, known)
    assert sorted(fast_path.headers) == sorted(ordinary.headers)


def test_every_fast_path_route_is_documented() -> None:
    table = RouteTable()
    routes = [(method, path) for method, path in table.fixed] + [(m, regex.pattern) for m, regex, _ in table.shaped]
    assert len(routes) >= 8
    documented = document()["paths"]
    for method, path in routes:
        shape = path.replace("(?P<uid>[^/.]+)", "{uid}").replace("(?P<uid>[^/]+)", "{uid}").replace("\\", "")
        assert method.lower() in documented[shape], (method, path)


def test_a_call_that_the_fast_path_gives_up_is_counted_once(
    tmp_path: Path, studio: StudioCaller, gamer: GamerCaller
) -> None:
    uid = studio.tournament()
    gamer.join(uid).ok()
    board = f"/fe/esports/tournaments/{uid}/leaderboard?around=me&limit=5"
    with serving(tmp_path, KGEN_RATE_GAMER_PER_SECOND="1", KGEN_RATE_GAMER_BURST="5") as web:
        answers = [web.ask("GET", path, gamer.headers) for path in (board, BALANCE, board, BALANCE)]
    assert [answer.status for answer in answers] == [200] * 4
    assert [answer.headers["ratelimit"].split(";")[1] for answer in answers] == ["r=4", "r=3", "r=2", "r=1"]


def refused_within(web: Web, gamer: GamerCaller, path: str, status: int, body: Any = None) -> None:
    """The call gets this status within EFFECT_SECONDS."""
    began = time.monotonic()
    eventually(lambda: web.ask("POST" if body else "GET", path, gamer.headers, body).status == status)
    assert time.monotonic() - began < EFFECT_SECONDS


def test_ending_suspending_and_switching_off_take_effect_within_seconds(
    web: Web, studio: StudioCaller, client_row: Client, gamer: GamerCaller
) -> None:
    uid = studio.tournament()
    gamer.join(uid).ok()
    score = {"metadata": {"tournamentId": uid}, "payload": {"score": {"value": 1}}}
    path = f"/fe/esports/tournaments/{uid}/score"
    other, third = studio.gamer("other"), studio.gamer("third")
    assert web.ask("POST", path, gamer.headers, score).status == 200
    for caller in (other, third):
        assert web.ask("GET", BALANCE, caller.headers).status == 200
    Gamer.objects.filter(user_id=gamer.user_id).update(suspended_at=now())
    refused_within(web, gamer, path, 403, score)
    studio.delete(SESSION, {"user_id": "other"})
    refused_within(web, other, BALANCE, 401)
    assert web.ask("POST", SESSION, studio.headers, {"user_id": "third"}).status == 200
    Client.objects.filter(pk=client_row.pk).update(active=False)
    refused_within(web, third, BALANCE, 401)
    eventually(lambda: web.ask("POST", SESSION, studio.headers, {"user_id": "third"}).status == 401)


@contextmanager
def database_closed() -> Iterator[None]:
    """Within this block this test's database has no connections and accepts none."""
    name = connection.settings_dict["NAME"]
    connection.close()
    outside = database_url().replace(f"/{name}", "/postgres")
    with psycopg.connect(outside, autocommit=True) as other:
        other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        try:
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            yield
        finally:
            other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


def test_hot_calls_get_503_without_the_database_and_recover_by_themselves(
    web: Web, studio: StudioCaller, gamer: GamerCaller
) -> None:
    uid = studio.tournament()
    join = f"/fe/esports/tournaments/{uid}/join"
    stake = {"joiningStake": 10}
    assert web.ask("GET", BALANCE, gamer.headers).status == 200
    with database_closed():
        for _ in range(3):
            for method, path, headers, body in (
                ("GET", BALANCE, gamer.headers, None),
                ("POST", join, gamer.headers, stake),
                ("POST", SESSION, studio.headers, {"user_id": "player-2"}),
            ):
                answer = web.ask(method, path, headers, body)
                answer.refused(503, "UNAVAILABLE")
                assert answer.headers["retry-after"] == "2"
    eventually(lambda: web.ask("GET", BALANCE, gamer.headers).status == 200)
    eventually(lambda: web.ask("POST", SESSION, studio.headers, {"user_id": "player-2"}).status == 200)
    assert web.ask("POST", join, gamer.headers, stake).status == 200
    assert not [line for line in web.lines("internal error") if json.loads(line)]

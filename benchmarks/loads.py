"""The calls that are measured, as pools of ready-made requests."""

from __future__ import annotations

import http.client
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from django.db import connection

from benchmarks import seed
from benchmarks.seed import Tournament, World
from benchmarks.wrk import DIGITS, THREADS, request
from kgen.local.failure import Refused
from rewards.services.settling import settle_tournament

BULK_ROWS = 1000
BULK_VARIANTS = 100
POLLERS = 200
# Pays everybody back 90 % of the stake, so that everybody has something to claim.
ALL_WIN = {"kind": "multiples", "bands": [{"percent_bp": 10_000, "multiple_bp": 9_000}]}


@dataclass
class Field:
    """What loads work on: the world, where the server is, and the tournaments that they use up."""

    world: World
    port: int
    joined: Tournament | None = None
    left: Tournament | None = None
    pools: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Load:
    """One kind of call. `requests` makes its pool, `pool` says how that is used: kept for all runs of a round, fresh
    for each run, or once, which is fresh with each request sent at most once."""

    name: str
    title: str
    requests: Callable[[Field], Iterator[bytes]]
    pool: Literal["kept", "fresh", "once"] = "kept"
    # How many of the work's units one request does.
    units: int = 1
    floor: str = ""
    # A floor of exactly this work, where the promise speaks of another one.
    own_floor: str = ""
    # A studio's few servers, not its gamers: more connections than this would measure a queue.
    most_connections: int | None = None
    # Left out where the server does not offer it.
    offered: Callable[[Field], bool] = lambda field: True


def _as_gamer(world: World, number: int) -> dict[str, str]:
    return {"user-jwt-token": world.tokens[number]}


def _as_studio(world: World) -> dict[str, str]:
    return {"x-client-id": str(world.client.pk), "x-client-secret": world.secret}


def _callers(field: Field) -> Iterator[int]:
    """Everybody who has a token, in no order."""
    numbers = list(field.world.tokens)
    random.shuffle(numbers)
    yield from numbers


def _score(field: Field) -> Iterator[bytes]:
    uid = field.world.main.uid
    body = {"metadata": {"tournamentId": uid}, "payload": {"score": {"value": DIGITS}}}
    for number in _callers(field):
        yield request("POST", f"/fe/esports/tournaments/{uid}/score", _as_gamer(field.world, number), body)


def _bulk(field: Field) -> Iterator[bytes]:
    world = field.world
    for _ in range(BULK_VARIANTS):
        chosen = random.sample(range(1, world.gamers + 1), min(BULK_ROWS, world.gamers))
        rows = [{"user_id": f"player-{number}", "value": random.randrange(10**7)} for number in chosen]
        yield request("POST", f"/s2s/esports/tournaments/{world.main.uid}/scores", _as_studio(world), {"scores": rows})


def _reading(path: Callable[[World], str]) -> Callable[[Field], Iterator[bytes]]:
    def requests(field: Field) -> Iterator[bytes]:
        for number in _callers(field):
            yield request("GET", path(field.world), _as_gamer(field.world, number))

    return requests


def _top_path(world: World) -> str:
    return f"/fe/esports/tournaments/{world.main.uid}/leaderboard?limit=100"


def fetch(field: Field, path: str, headers: dict[str, str]) -> http.client.HTTPResponse:
    """One call, its body read."""
    connection = http.client.HTTPConnection("127.0.0.1", field.port, timeout=30)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        response.read()
        return response
    finally:
        connection.close()


def _has_etag(field: Field) -> bool:
    """Whether the server knows an answer again, by saying 304."""
    path, headers = _top_path(field.world), _as_gamer(field.world, 1)
    etag = fetch(field, path, headers).getheader("ETag")
    return etag is not None and fetch(field, path, headers | {"If-None-Match": etag}).status == 304


def _top_known(field: Field) -> Iterator[bytes]:
    """Gamers who ask again and have the answer already."""
    path = _top_path(field.world)
    for number, _ in zip(_callers(field), range(POLLERS), strict=False):
        headers = _as_gamer(field.world, number)
        etag = fetch(field, path, headers).getheader("ETag") or ""
        yield request("GET", path, headers | {"If-None-Match": etag})


def _join(field: Field) -> Iterator[bytes]:
    """Everybody into a new tournament, which all of them have in common."""
    field.joined = seed.open_tournament(field.world.client, size=field.world.gamers)
    path = f"/fe/esports/tournaments/{field.joined.uid}/join"
    for number in _callers(field):
        yield request("POST", path, _as_gamer(field.world, number), {"joiningStake": seed.STAKE})


def _leave(field: Field) -> Iterator[bytes]:
    """Everybody out of a tournament again."""
    if field.left is None:
        field.left = seed.open_tournament(field.world.client, size=field.world.gamers)
    seed.fill(field.world, field.left, scored=False)
    path = f"/fe/esports/tournaments/{field.left.uid}/leave"
    for number in _callers(field):
        yield request("POST", path, _as_gamer(field.world, number), {})


def _session(field: Field) -> Iterator[bytes]:
    for number in _callers(field):
        body = {"user_id": f"player-{number}", "username": f"Player {number}"}
        yield request("POST", "/s2s/session", _as_studio(field.world), body)


def _first_session(field: Field) -> Iterator[bytes]:
    """The digits that the load generator puts in make each of them new."""
    field.pools += 1
    body = {"user_id": f"new-{field.pools}-{DIGITS}", "username": "A new player"}
    for _ in range(THREADS):
        yield request("POST", "/s2s/session", _as_studio(field.world), body)


def _claim(field: Field) -> Iterator[bytes]:
    """All rewards that there are, each by a call of its own."""
    world = field.world
    settle_for_all(world)
    number_of = {world.id("gamer", number): number for number in world.tokens}
    with connection.cursor() as cursor:
        cursor.execute("SELECT gamer_id::text, id::text FROM rewards_reward WHERE status = 'UNCLAIMED'")
        rows: list[Any] = cursor.fetchall()
    random.shuffle(rows)
    for gamer, reward in rows:
        if gamer in number_of:
            headers = _as_gamer(world, number_of[gamer])
            yield request("POST", "/fe/esports/rewards/claim", headers, {"reward_ids": [reward]})


def settle_for_all(world: World) -> None:
    """A tournament that everybody wins in, settled: by us, or by the worker if it was quicker."""
    tournament = seed.open_tournament(world.client, size=world.gamers, table=ALL_WIN)
    seed.fill(world, tournament, scored=True)
    seed.end(tournament)
    settle_tournament(tournament_id=UUID(tournament.uid))
    if seed.ask("SELECT settled_at FROM esports_tournament WHERE id = %s", tournament.uid)[0] is None:
        raise Refused("a tournament with a whole field was not settled")


LOADS = (
    Load("score", "score", _score, floor="score"),
    Load("bulk", "bulk scores (1,000 a call)", _bulk, units=BULK_ROWS, floor="bulk", most_connections=32),
    Load("top", "top 100", _reading(_top_path), floor="top"),
    Load("top304", "top 100, unchanged (304)", _top_known, floor="top", offered=_has_etag),
    Load(
        "around",
        "around me",
        _reading(lambda world: f"/fe/esports/tournaments/{world.main.uid}/leaderboard?around=me&limit=100"),
        floor="around",
    ),
    Load(
        "around-large",
        "around me, among ten times as many",
        _reading(lambda world: f"/fe/esports/tournaments/{world.large.uid}/leaderboard?around=me&limit=100"),
        floor="around_large",
    ),
    Load("join", "join", _join, pool="once", floor="transfer", own_floor="join"),
    Load("leave", "leave", _leave, pool="once", floor="leave"),
    Load("session", "session, known gamer", _session, floor="session"),
    Load("first-session", "session, first", _first_session, pool="fresh", floor="first_session"),
    Load("balance", "balance", _reading(lambda world: "/fe/wallet/balance"), floor="balance"),
    Load("transactions", "transactions", _reading(lambda world: "/fe/wallet/transactions"), floor="transactions"),
    Load("claim", "claim", _claim, pool="once", floor="claim"),
)


def connections_of(load: Load, wanted: Iterable[int]) -> list[int]:
    """With how many connections a load is measured."""
    return list(dict.fromkeys(min(number, load.most_connections or number) for number in wanted))


def chosen(names: str | None) -> list[Load]:
    """The loads of a comma-separated list, or all. :raises Refused: an unknown name."""
    known = {load.name: load for load in LOADS}
    wanted = names.split(",") if names else list(known)
    unknown = [name for name in wanted if name not in known and name != "settle"]
    if unknown:
        raise Refused(f"--only: unknown {', '.join(unknown)}; known are {', '.join([*known, 'settle'])}")
    return [known[name] for name in wanted if name in known]

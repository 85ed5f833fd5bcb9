"""The calls that are measured, as pools of ready-made requests."""

from __future__ import annotations

import http.client
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from benchmarks.wrk import DIGITS, THREADS, request
from kgen.local.failure import Refused

# The large board has ten times as many as there are gamers, and a million at most.
_CROWD = 9
_MOST = 1_000_000

BULK_ROWS = 1000
BULK_VARIANTS = 100
POLLERS = 200


@dataclass(frozen=True)
class Game:
    """What a caller of a seeded game knows: credentials, and the ids of its tournament and its large one."""

    client_id: str
    secret: str
    gamers: int
    stake: int
    main: str
    large: str
    # Access tokens of those who call, by their numbers.
    tokens: dict[int, str]

    @staticmethod
    def of(facts: dict[str, Any]) -> Game:
        """From what a seeder tells."""
        return Game(**facts | {"tokens": dict(facts["tokens"])})


class Supplies(Protocol):
    """Makes what calls use up; see `seeder.Seeder`."""

    def open_tournament(self) -> str:
        """A tournament with a seat for everybody; its id."""

    def fill_tournament(self, uid: str) -> None:
        """Everybody who is not in it joins."""

    def make_rewards(self) -> list[tuple[int, str]]:
        """Rewards that nobody has claimed: the gamer's number and the reward's id."""


@dataclass
class Field:
    """What loads work on: the game, where its server is, and the tournament that gamers leave."""

    game: Game
    supplies: Supplies
    port: int
    left: str | None = None
    pools: int = 0


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


def _as_gamer(game: Game, number: int) -> dict[str, str]:
    return {"user-jwt-token": game.tokens[number]}


def _as_studio(game: Game) -> dict[str, str]:
    return {"x-client-id": game.client_id, "x-client-secret": game.secret}


def _callers(field: Field) -> Iterator[int]:
    """Everybody who has a token, in no order."""
    numbers = list(field.game.tokens)
    random.shuffle(numbers)
    yield from numbers


def _score(field: Field) -> Iterator[bytes]:
    uid = field.game.main
    body = {"metadata": {"tournamentId": uid}, "payload": {"score": {"value": DIGITS}}}
    for number in _callers(field):
        yield request("POST", f"/fe/esports/tournaments/{uid}/score", _as_gamer(field.game, number), body)


def _bulk(field: Field) -> Iterator[bytes]:
    game = field.game
    for _ in range(BULK_VARIANTS):
        chosen = random.sample(range(1, game.gamers + 1), min(BULK_ROWS, game.gamers))
        rows = [{"user_id": f"player-{number}", "value": random.randrange(10**7)} for number in chosen]
        yield request("POST", f"/s2s/esports/tournaments/{game.main}/scores", _as_studio(game), {"scores": rows})


def _reading(path: Callable[[Game], str]) -> Callable[[Field], Iterator[bytes]]:
    def requests(field: Field) -> Iterator[bytes]:
        for number in _callers(field):
            yield request("GET", path(field.game), _as_gamer(field.game, number))

    return requests


def _top_path(game: Game) -> str:
    return f"/fe/esports/tournaments/{game.main}/leaderboard?limit=100"


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
    path, headers = _top_path(field.game), _as_gamer(field.game, 1)
    etag = fetch(field, path, headers).getheader("ETag")
    return etag is not None and fetch(field, path, headers | {"If-None-Match": etag}).status == 304


def _top_known(field: Field) -> Iterator[bytes]:
    """Gamers who ask again and have the answer already."""
    path = _top_path(field.game)
    for number, _ in zip(_callers(field), range(POLLERS), strict=False):
        headers = _as_gamer(field.game, number)
        etag = fetch(field, path, headers).getheader("ETag") or ""
        yield request("GET", path, headers | {"If-None-Match": etag})


def _join(field: Field) -> Iterator[bytes]:
    """Everybody into a new tournament, which all of them have in common."""
    path = f"/fe/esports/tournaments/{field.supplies.open_tournament()}/join"
    for number in _callers(field):
        yield request("POST", path, _as_gamer(field.game, number), {"joiningStake": field.game.stake})


def _leave(field: Field) -> Iterator[bytes]:
    """Everybody out of a tournament again."""
    if field.left is None:
        field.left = field.supplies.open_tournament()
    field.supplies.fill_tournament(field.left)
    path = f"/fe/esports/tournaments/{field.left}/leave"
    for number in _callers(field):
        yield request("POST", path, _as_gamer(field.game, number), {})


def _session(field: Field) -> Iterator[bytes]:
    for number in _callers(field):
        body = {"user_id": f"player-{number}", "username": f"Player {number}"}
        yield request("POST", "/s2s/session", _as_studio(field.game), body)


def _first_session(field: Field) -> Iterator[bytes]:
    """The digits that the load generator puts in make each of them new."""
    field.pools += 1
    body = {"user_id": f"new-{field.pools}-{DIGITS}", "username": "A new player"}
    for _ in range(THREADS):
        yield request("POST", "/s2s/session", _as_studio(field.game), body)


def _claim(field: Field) -> Iterator[bytes]:
    """All rewards that there are, each by a call of its own."""
    rewards = field.supplies.make_rewards()
    random.shuffle(rewards)
    for number, reward in rewards:
        if number in field.game.tokens:
            headers = _as_gamer(field.game, number)
            yield request("POST", "/fe/esports/rewards/claim", headers, {"reward_ids": [reward]})


LOADS = (
    Load("score", "score", _score, floor="score"),
    Load("bulk", "bulk scores (1,000 a call)", _bulk, units=BULK_ROWS, floor="bulk", most_connections=32),
    Load("top", "top 100", _reading(_top_path), floor="top"),
    Load("top304", "top 100, unchanged (304)", _top_known, floor="top", offered=_has_etag),
    Load(
        "around",
        "around me",
        _reading(lambda game: f"/fe/esports/tournaments/{game.main}/leaderboard?around=me&limit=100"),
        floor="around",
    ),
    Load(
        "around-large",
        "around me, among ten times as many",
        _reading(lambda game: f"/fe/esports/tournaments/{game.large}/leaderboard?around=me&limit=100"),
        floor="around_large",
    ),
    Load("join", "join", _join, pool="once", floor="transfer", own_floor="join"),
    Load("leave", "leave", _leave, pool="once", floor="leave"),
    Load("session", "session, known gamer", _session, floor="session"),
    Load("first-session", "session, first", _first_session, pool="fresh", floor="first_session"),
    Load("balance", "balance", _reading(lambda game: "/fe/wallet/balance"), floor="balance"),
    Load("transactions", "transactions", _reading(lambda game: "/fe/wallet/transactions"), floor="transactions"),
    Load("claim", "claim", _claim, pool="once", floor="claim"),
)


def crowd_of(gamers: int) -> int:
    """How many stand on the large board beside so many gamers."""
    return min(_CROWD * gamers, _MOST - gamers)


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

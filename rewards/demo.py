"""The demo as a client of the product: it knows the wire and nothing behind it."""

import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

CONCURRENCY = 32
BUY_IN = 10
SCORES_EACH = 3
# One in so many leaves again before it has a score.
LEAVES_EVERY = 20

Progress = Callable[[str, int, int], None]


@dataclass
class Phase:
    """How fast a part of the demo went."""

    name: str
    requests: int
    seconds: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds if self.seconds else 0.0


@dataclass
class Outcome:
    """What the demo has to show."""

    tournament_uid: str
    board: dict[str, Any]
    phases: list[Phase] = field(default_factory=list)


class Demo:
    """Plays one tournament with many gamers at once."""

    def __init__(self, http: httpx.AsyncClient, facts: dict[str, str], gamers: int, progress: Progress) -> None:
        self.http, self.gamers, self.progress = http, gamers, progress
        self.studio = {"x-client-id": facts["client_id"], "x-client-secret": facts["client_secret"]}
        self.run = uuid.uuid4().hex[:8]
        self.tokens: dict[int, str] = {}
        self.phases: list[Phase] = []
        self.gate = asyncio.Semaphore(CONCURRENCY)

    async def play(self) -> Outcome:
        """The whole tournament: sessions, deposits, joins, some leave, scores, the board.

        :raises httpx.HTTPStatusError: the product refused something that it should not.
        """
        uid = await self._make_tournament()
        everybody = range(self.gamers)
        leaving = everybody[::LEAVES_EVERY] if self.gamers > LEAVES_EVERY else range(0)
        staying = sorted(set(everybody) - set(leaving))
        await self._phase("open sessions", everybody, self._open_session)
        await self._phase("deposit", everybody, self._deposit)
        await self._phase("join", everybody, lambda n: self._join(uid, n))
        await self._phase("leave", leaving, lambda n: self._leave(uid, n))
        await self._phase("score", [n for n in staying for _ in range(SCORES_EACH)], lambda n: self._score(uid, n))
        await self._phase("leaderboard", staying, lambda n: self._board(uid, n, "?limit=10&around=me"))
        board = await self._board(uid, staying[0], "?limit=10")
        return Outcome(uid, board, self.phases)

    async def _phase(self, name: str, numbers: Any, act: Callable[[int], Awaitable[Any]]) -> None:
        done, total = 0, len(numbers)

        async def one(number: int) -> None:
            nonlocal done
            async with self.gate:
                await act(number)
            done += 1
            self.progress(name, done, total)

        started = time.perf_counter()
        await asyncio.gather(*(one(number) for number in numbers))
        self.phases.append(Phase(name, total, time.perf_counter() - started))

    async def _call(self, method: str, path: str, headers: dict[str, str], body: Any = None) -> Any:
        response = await self.http.request(method, path, headers=headers, json=body)
        response.raise_for_status()
        return response.json()

    async def _make_tournament(self) -> str:
        ends_at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        made = await self._call(
            "POST",
            "/s2s/esports/tournaments",
            self.studio,
            {
                "title": f"Demo {self.run}",
                "buy_in_price": BUY_IN,
                "tournament_size": max(self.gamers, 2),
                "min_participants": min(self.gamers, 3),
                "score_operator": "best",
                "ends_at_timestamp": ends_at,
            },
        )
        return str(made["tournament_uid"])

    async def _open_session(self, number: int) -> None:
        body = {"user_id": f"demo-{number}", "username": f"Player {number}"}
        session = await self._call("POST", "/s2s/session", self.studio, body)
        self.tokens[number] = session["access_token"]

    async def _deposit(self, number: int) -> None:
        body = {"user_id": f"demo-{number}", "amount": BUY_IN, "reference": f"demo-{self.run}-{number}"}
        await self._call("POST", "/s2s/wallet/deposits", self.studio, body)

    def _gamer(self, number: int) -> dict[str, str]:
        return {"user-jwt-token": self.tokens[number]}

    async def _join(self, uid: str, number: int) -> None:
        path = f"/fe/esports/tournaments/{uid}/join"
        await self._call("POST", path, self._gamer(number), {"joiningStake": BUY_IN})

    async def _leave(self, uid: str, number: int) -> None:
        await self._call("POST", f"/fe/esports/tournaments/{uid}/leave", self._gamer(number))

    async def _score(self, uid: str, number: int) -> None:
        value = random.randrange(100_000)
        body = {"metadata": {"tournamentId": uid}, "payload": {"score": {"value": value}}}
        await self._call("POST", f"/fe/esports/tournaments/{uid}/score", self._gamer(number), body)

    async def _board(self, uid: str, number: int, query: str) -> dict[str, Any]:
        path = f"/fe/esports/tournaments/{uid}/leaderboard{query}"
        board: dict[str, Any] = await self._call("GET", path, self._gamer(number))
        return board


async def play(facts: dict[str, str], gamers: int, progress: Progress) -> Outcome:
    """Play one tournament against the product that `facts` describe.

    :raises httpx.HTTPError: it cannot be reached, or refused something that it should not.
    """
    limits = httpx.Limits(max_connections=CONCURRENCY, max_keepalive_connections=CONCURRENCY)
    async with httpx.AsyncClient(base_url=facts["base_url"], limits=limits, timeout=30) as http:
        return await Demo(http, facts, gamers, progress).play()

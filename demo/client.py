"""The demo client: it plays a tournament over HTTP and knows nothing of the product's code."""

import asyncio
import json
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

CONCURRENCY = 32
BUY_IN = 10
SCORES_EACH = 3
# One gamer in this many leaves before the first score.
LEAVES_EVERY = 20
# The tournament must outlast the play, whose length is estimated from the earlier phases.
LEAST_SECONDS, MARGIN = 8, 2.5
# Settlement and payout come within seconds. A longer wait means that no worker runs.
PATIENCE_SECONDS = 60

Progress = Callable[[str, int, int], None]


class Stalled(Exception):
    """A worker did not do its part in time."""


@dataclass
class Phase:
    """A part of the demo: its requests and its duration."""

    name: str
    requests: int
    seconds: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds if self.seconds else 0.0


@dataclass
class DemoResult:
    """The result: the board, the winner's transactions from first to last, and the speed of each phase."""

    tournament_uid: str
    board: dict[str, Any]
    winner: str
    trail: list[dict[str, Any]]
    withdrawal: dict[str, Any]
    phases: list[Phase]


class Demo:
    """Plays one tournament with many gamers at once."""

    def __init__(
        self, http: httpx.AsyncClient, facts: dict[str, str], gamers: int, progress: Progress, sms_log: Path
    ) -> None:
        self.http, self.gamers, self.progress, self.sms_log = http, gamers, progress, sms_log
        self.studio = {"x-client-id": facts["client_id"], "x-client-secret": facts["client_secret"]}
        self.run = uuid.uuid4().hex[:8]
        self.tokens: dict[int, str] = {}
        self.phases: list[Phase] = []
        self.gate = asyncio.Semaphore(CONCURRENCY)

    async def play(self) -> DemoResult:
        """Play it all: sessions, deposits, joins, leaves, scores, settlement, claims, a withdrawal.

        :raises httpx.HTTPStatusError: the product refused a call.
        :raises Stalled: no worker settled or paid.
        """
        everybody = range(self.gamers)
        leaving = everybody[::LEAVES_EVERY] if self.gamers > LEAVES_EVERY else range(0)
        staying = sorted(set(everybody) - set(leaving))
        await self._phase("open sessions", everybody, self._open_session)
        await self._phase("deposit", everybody, self._deposit)
        uid = await self._make_tournament()
        await self._phase("join", everybody, lambda n: self._join(uid, n))
        await self._phase("leave", leaving, lambda n: self._leave(uid, n))
        await self._phase("score", [n for n in staying for _ in range(SCORES_EACH)], lambda n: self._score(uid, n))
        await self._phase("leaderboard", staying, lambda n: self._board(uid, n, "?limit=10&around=me"))
        winners = await self._wait_for_results(uid)
        await self._phase("claim", winners, self._claim)
        board = await self._board(uid, winners[0], "?limit=10")
        withdrawal = await self._withdraw(winners[0])
        return DemoResult(uid, board, _name(winners[0]), await self._trail(winners[0]), withdrawal, self.phases)

    async def _phase(self, name: str, numbers: Sequence[int], act: Callable[[int], Awaitable[Any]]) -> None:
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
        slowest = min(phase.rate for phase in self.phases)
        seconds = max(LEAST_SECONDS, MARGIN * self.gamers * (2 + SCORES_EACH) / slowest)
        fields = {
            "title": f"Demo {self.run}",
            "buy_in_price": BUY_IN,
            "tournament_size": self.gamers,
            "min_participants": min(self.gamers, 3),
            "score_operator": "best",
            "ends_at_timestamp": (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(),
        }
        made = await self._call("POST", "/s2s/esports/tournaments", self.studio, fields)
        return str(made["tournament_uid"])

    async def _open_session(self, number: int) -> None:
        body = {"user_id": _name(number), "username": f"Player {number}"}
        session = await self._call("POST", "/s2s/session", self.studio, body)
        self.tokens[number] = session["access_token"]

    async def _deposit(self, number: int) -> None:
        body = {"user_id": _name(number), "amount": BUY_IN, "reference": f"demo-{self.run}-{number}"}
        await self._call("POST", "/s2s/wallet/deposits", self.studio, body)

    def _gamer(self, number: int) -> dict[str, str]:
        return {"user-jwt-token": self.tokens[number]}

    async def _join(self, uid: str, number: int) -> None:
        path = f"/fe/esports/tournaments/{uid}/join"
        await self._call("POST", path, self._gamer(number), {"joiningStake": BUY_IN})

    async def _leave(self, uid: str, number: int) -> None:
        await self._call("POST", f"/fe/esports/tournaments/{uid}/leave", self._gamer(number))

    async def _score(self, uid: str, number: int) -> None:
        body = {"metadata": {"tournamentId": uid}, "payload": {"score": {"value": random.randrange(100_000)}}}
        await self._call("POST", f"/fe/esports/tournaments/{uid}/score", self._gamer(number), body)

    async def _board(self, uid: str, number: int, query: str) -> dict[str, Any]:
        path = f"/fe/esports/tournaments/{uid}/leaderboard{query}"
        board: dict[str, Any] = await self._call("GET", path, self._gamer(number))
        return board

    async def _wait_for_results(self, uid: str) -> list[int]:
        """The winners' numbers, best first, once the tournament has ended and a worker has settled it."""
        path = f"/s2s/esports/tournaments/{uid}"
        end = datetime.fromisoformat((await self._call("GET", path, self.studio))["ends_at_timestamp"])
        seconds = max(1, round((end - datetime.now(UTC)).total_seconds()))
        for second in range(seconds):
            self.progress("play goes on", second + 1, seconds)
            await asyncio.sleep(1)
        results = await self._wait_for("settlement", lambda: self._call("GET", f"{path}/results", self.studio))
        return [int(row["user_id"].removeprefix("demo-")) for row in results if row["reward"]]

    async def _wait_for(self, what: str, ask: Callable[[], Awaitable[Any]]) -> Any:
        for _ in range(PATIENCE_SECONDS * 5):
            if found := await ask():
                return found
            await asyncio.sleep(0.2)
        raise Stalled(f"no {what} within {PATIENCE_SECONDS} s")

    async def _claim(self, number: int) -> None:
        await self._call("POST", "/fe/esports/rewards/claim", self._gamer(number))

    async def _withdraw(self, number: int) -> dict[str, Any]:
        """Link a phone by the code that the console provider writes, and withdraw all earned money."""
        gamer = self._gamer(number)
        phone = {"phone_number": f"98765{number:05}", "countryCode": "+91"}
        earlier = len(self._codes(phone["phone_number"]))
        sent = await self._call("POST", "/fe/users/auth/otp/register", gamer, phone)

        async def code_sent() -> Any:
            return self._codes(phone["phone_number"])[earlier:]

        (code, *_) = await self._wait_for("phone code", code_sent)
        verify = phone | {"authCode": sent["authCode"], "otp": code}
        await self._call("POST", "/fe/users/auth/otp/verify", gamer, verify)
        asked = await self._call("POST", "/fe/wallet/withdraw", gamer)

        async def paid() -> Any:
            withdrawal = await self._call("GET", f"/fe/wallet/withdrawals/{asked['withdrawal_id']}", gamer)
            return withdrawal if withdrawal["status"] in ("PAID", "FAILED") else None

        withdrawal: dict[str, Any] = await self._wait_for("payout", paid)
        return withdrawal

    def _codes(self, number: str) -> list[str]:
        """The codes that the console provider has written for this Indian number."""
        lines = self.sms_log.read_text().splitlines() if self.sms_log.exists() else []
        return [str(message["code"]) for message in map(json.loads, lines) if message["to"] == f"+91{number}"]

    async def _trail(self, number: int) -> list[dict[str, Any]]:
        statement = await self._call("GET", "/fe/wallet/transactions?limit=20", self._gamer(number))
        return list(reversed(statement["transactions"]))


def _name(number: int) -> str:
    return f"demo-{number}"


async def play(facts: dict[str, str], gamers: int, progress: Progress, sms_log: Path) -> DemoResult:
    """Play one tournament against the product that `facts` describe.

    :raises httpx.HTTPError: the product cannot be reached, or refused a call.
    :raises Stalled: no worker settled or paid.
    """
    limits = httpx.Limits(max_connections=CONCURRENCY, max_keepalive_connections=CONCURRENCY)
    async with httpx.AsyncClient(base_url=facts["base_url"], limits=limits, timeout=30) as http:
        return await Demo(http, facts, gamers, progress, sms_log).play()

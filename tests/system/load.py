"""Gamers who play over HTTP and never give up, and a recorder of everything they were told."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support.stack import Stack
from tests.support.waiting import eventually

PLAYERS = 6
SCORES = 4
CONNECTION_LOST = (0, "connection lost")
HAS_JOINED = (409, "EXISTING_PARTICIPATION_FOUND")


@dataclass
class Record:
    """One gamer: what was begun, and what was acknowledged with a 200."""

    user_id: str
    joined: bool = False
    scores_begun: int = 0
    scores: int = 0


@dataclass
class Load:
    """Several clients at once, each playing gamer after gamer in one tournament that sums scores."""

    stack: Stack
    name: str
    uid: str = ""
    records: list[Record] = field(default_factory=list)
    outcomes: Counter[tuple[int, str]] = field(default_factory=Counter)
    finished: int = 0

    def __enter__(self) -> "Load":
        with self.stack.client(**self.stack.studio_headers) as studio:
            body = {
                "title": self.name,
                "buy_in_price": 10,
                "tournament_size": 100_000,
                "score_operator": "sum",
                "score_source": "any",
                "ends_at_timestamp": "2030-01-01T00:00:00Z",
            }
            self.uid = studio.post("/s2s/esports/tournaments", json=body).raise_for_status().json()["tournament_uid"]
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._faults: list[BaseException] = []
        self._threads = [threading.Thread(target=self._play_on, args=[n], daemon=True) for n in range(PLAYERS)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in self._threads), "a client never got an answer"

    def await_more(self, gamers: int) -> None:
        """Return when so many more gamers have played to the end."""
        goal = self.finished + gamers
        eventually(lambda: self._faults or self.finished >= goal)
        self.raise_faults()

    def raise_faults(self) -> None:
        """Fail if a client was told something that is not true."""
        if self._faults:
            raise self._faults[0]

    def _play_on(self, number: int) -> None:
        count = 0
        try:
            with self.stack.client() as client:
                while not self._over.is_set():
                    count += 1
                    self._play(client, f"{self.name} {number}/{count}")
        except BaseException as fault:
            self._faults.append(fault)

    def _play(self, client: httpx.Client, user_id: str) -> None:
        record = Record(user_id)
        self.records.append(record)
        studio = self.stack.studio_headers
        opened = self._insist(lambda: client.post("/s2s/session", json={"user_id": user_id}, headers=studio))
        if opened is None:
            return
        gamer = {"user-jwt-token": opened["access_token"]}
        tournament = f"/fe/esports/tournaments/{self.uid}"
        # Half of them without a key, many in one commit: a repetition is then told that it has joined.
        keyed = len(self.records) % 2 == 0
        headers = gamer | ({"Idempotency-Key": f"join {user_id}"} if keyed else {})
        stake = {"joiningStake": 10}
        join = lambda: client.post(f"{tournament}/join", json=stake, headers=headers)  # noqa: E731
        record.joined = self._insist(join, repeated=None if keyed else HAS_JOINED) is not None
        if not record.joined:
            return
        for number in range(SCORES):
            record.scores_begun += 1
            # Two ways of saying "this one again, not another": by the event and by the key.
            metadata = {"tournamentId": self.uid} | ({"eventId": f"event {number}"} if number % 2 else {})
            headers = gamer | ({} if number % 2 else {"Idempotency-Key": f"score {number}"})
            body = {"metadata": metadata, "payload": {"score": {"value": 1}}}
            send = lambda body=body, headers=headers: client.post(f"{tournament}/score", json=body, headers=headers)  # noqa: E731
            if self._insist(send) is None:
                return
            record.scores += 1
        board = self._insist(lambda: client.get(f"{tournament}/leaderboard?around=me&limit=3", headers=gamer))
        if board is not None:
            assert board["me"]["score"] == SCORES
            with self._lock:
                self.finished += 1

    def _insist(
        self, send: Callable[[], httpx.Response], repeated: tuple[int, str] | None = None
    ) -> dict[str, Any] | None:
        """Send until it is done, or a repetition is told so; None when the load ends before."""
        tries = 0
        while not self._over.is_set():
            outcome, body = _outcome(send)
            tries += 1
            if tries > 1 and outcome == repeated:
                return body
            with self._lock:
                self.outcomes[outcome] += 1
            if outcome == (200, ""):
                return body
            time.sleep(0.05)
        return None


def _outcome(send: Callable[[], httpx.Response]) -> tuple[tuple[int, str], dict[str, Any]]:
    try:
        answer = send()
    except httpx.TransportError:
        return CONNECTION_LOST, {}
    if answer.status_code == 200:
        return (200, ""), answer.json()
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body = answer.json()
    assert (body["status"], body["request_id"]) == (answer.status_code, answer.headers["x-request-id"])
    assert answer.status_code != 503 or answer.headers["retry-after"]
    return (answer.status_code, body["code"]), body

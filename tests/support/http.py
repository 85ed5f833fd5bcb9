"""Callers of the API. Every answer is checked against what /schema says of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.test import Client as DjangoClient
from django.test.client import ClientHandler

from kgen.api.throttles import COUNTED
from tests.support.schema import check_against_schema
from tests.support.ways import Chosen, Way, fast_path
from users.models import Client
from users.services import issue_secret


@dataclass
class Answer:
    """A response, its JSON read."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.content)

    @property
    def code(self) -> str:
        """The problem's code."""
        assert self.headers["Content-Type"] == "application/problem+json", self.content
        return str(self.json["code"])

    def ok(self, status: int = 200) -> Any:
        """The body of an answer that must have this status."""
        assert self.status == status, (self.status, self.content[:2000])
        return self.json if self.content else None

    def refused(self, status: int, code: str) -> Any:
        """The body of a refusal that must be this one."""
        assert (self.status, self.code) == (status, code), (self.status, self.content[:2000])
        assert self.json["message"] == code
        assert self.json["request_id"] == self.headers["X-Request-Id"]
        return self.json


# A free tournament can pay only out of a sponsorship.
SPONSORED: dict[str, Any] = {
    "sponsored_amount": 1,
    "prize_table": {"kind": "shares", "bands": [{"from_rank": 1, "to_rank": 1, "share_bp": 10_000}]},
}


@cache
def application() -> ClientHandler:
    """The application with its middleware, set up once: looking for static files takes longer than a call."""
    return ClientHandler()


@dataclass
class Caller:
    """Sends requests with some credentials through the whole application."""

    headers: dict[str, str] = field(default_factory=dict)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        key: str | None = None,
        headers: dict[str, str] | None = None,
        content_type: str = "application/json",
        check: bool = True,
    ) -> Answer:
        """One request. `raw` is sent as it is; `key` is an Idempotency-Key; `path` may hold a query."""
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        sent = self.headers | (headers or {}) | ({"Idempotency-Key": key} if key is not None else {})
        answer = _serve(method, path, data, sent, content_type if data else "")
        if check:
            check_against_schema(method, path.partition("?")[0], answer.status, answer.headers, answer.content)
        return answer

    def get(self, path: str, **kwargs: Any) -> Answer:
        """GET."""
        return self.call("GET", path, **kwargs)

    def post(self, path: str, body: Any = None, **kwargs: Any) -> Answer:
        """POST."""
        return self.call("POST", path, body, **kwargs)

    def patch(self, path: str, body: Any = None, **kwargs: Any) -> Answer:
        """PATCH."""
        return self.call("PATCH", path, body, **kwargs)

    def delete(self, path: str, body: Any = None, **kwargs: Any) -> Answer:
        """DELETE."""
        return self.call("DELETE", path, body, **kwargs)


def _serve(method: str, path: str, data: bytes, headers: dict[str, str], content_type: str) -> Answer:
    extra: dict[str, Any] = {}
    if Chosen.way is Way.FAST_PATH:
        named = headers | ({"Content-Type": content_type} if content_type else {})
        served = fast_path(method, path, named, data)
        if served and served.answer:
            status, found, body = served.wire
            return Answer(status, _Headers(found), body)
        extra = {COUNTED: served.call.rate_headers} if served and served.call.rate_headers else {}
    client = DjangoClient(raise_request_exception=False)
    client.handler = application()
    response: Any = client.generic(method, path, data, content_type=content_type, headers=headers, **extra)
    return Answer(response.status_code, _Headers(response.items()), response.content)


class _Headers(dict[str, str]):
    """Headers by name, in whatever case."""

    def __init__(self, pairs: Any) -> None:
        super().__init__({name.lower(): value for name, value in dict(pairs).items()})

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return super().__contains__(str(name).lower())

    def get(self, name: str, default: Any = None) -> Any:
        """The header, or `default`."""
        return super().get(name.lower(), default)


@dataclass
class GamerCaller(Caller):
    """A gamer's client."""

    user_id: str = ""
    session: dict[str, Any] = field(default_factory=dict)

    def join(self, uid: str, stake: int = 10, **kwargs: Any) -> Answer:
        """Join a tournament."""
        return self.post(f"/fe/esports/tournaments/{uid}/join", {"joiningStake": stake}, **kwargs)

    def leave(self, uid: str, **kwargs: Any) -> Answer:
        """Leave a tournament."""
        return self.post(f"/fe/esports/tournaments/{uid}/leave", **kwargs)

    def score(self, uid: str, value: Any, event_id: str | None = None, **kwargs: Any) -> Answer:
        """Post a score."""
        metadata = {"tournamentId": uid} | ({"eventId": event_id} if event_id is not None else {})
        body = {"metadata": metadata, "payload": {"score": {"value": value}}}
        return self.post(f"/fe/esports/tournaments/{uid}/score", body, **kwargs)

    def board(self, uid: str, query: str = "") -> Any:
        """The leaderboard."""
        return self.get(f"/fe/esports/tournaments/{uid}/leaderboard{query}").ok()

    def balance(self) -> Any:
        """The wallet's balance."""
        return self.get("/fe/wallet/balance").ok()

    def buckets(self) -> tuple[int, int, int]:
        """(bonus, bought, earned)."""
        balance = self.balance()
        return balance["bonus_balance"], balance["bought_balance"], balance["earned_balance"]


@dataclass
class StudioCaller(Caller):
    """A studio's server."""

    client_id: str = ""
    secret: str = ""

    @classmethod
    def of(cls, client: Client) -> "StudioCaller":
        """With a fresh secret of this client."""
        secret = issue_secret(client_id=client.pk)
        headers = {"x-client-id": str(client.pk), "x-client-secret": secret}
        return cls(headers, str(client.pk), secret)

    def gamer(self, user_id: str, **profile: Any) -> GamerCaller:
        """A gamer with an open session."""
        session = self.post("/s2s/session", {"user_id": user_id} | profile).ok()
        return GamerCaller({"user-jwt-token": session["access_token"]}, user_id, session)

    def tournament(self, **fields: Any) -> str:
        """A tournament that is open for joining and scores until tomorrow; its uid."""
        given = {
            "title": "Cup",
            "buy_in_price": 10,
            "tournament_size": 100,
            "ends_at_timestamp": "2030-01-01T00:00:00Z",
        }
        if fields.get("buy_in_price") == 0 and "prize_table" not in fields:
            self.allow_sponsorship(1_000)
            given |= SPONSORED
        made = self.post("/s2s/esports/tournaments", given | fields).ok(201)
        return str(made["tournament_uid"])

    def allow_sponsorship(self, least: int) -> None:
        """Let the client's sponsorships take at least so much."""
        Client.objects.filter(pk=self.client_id, sponsorship_limit__lt=least).update(sponsorship_limit=least)

    def deposit(self, user_id: str, amount: int, reference: str) -> Answer:
        """Credit bought money."""
        body = {"user_id": user_id, "amount": amount, "reference": reference}
        return self.post("/s2s/wallet/deposits", body)


# Makes so many gamers with open sessions: what the fixture `gamers` is.
type Gamers = Callable[[int], list[GamerCaller]]

"""Random requests, from plain to absurd: both paths give the same response to each, and never a 500."""

import json
from random import Random
from typing import Any

import pytest

from tests.support.http import Answer, Caller, GamerCaller, StudioCaller
from tests.support.undone import undone
from tests.support.ways import Chosen, Way, fast_path

pytestmark = [pytest.mark.long, pytest.mark.django_db]

REQUESTS_A_CALL = 100
# New in each response.
MADE = {"session_id", "access_token", "token", "refresh_token", "wallet_address", "session_start_time"}

# Values of fields as they are spelled in a body, valid and invalid.
NUMBERS = [
    "0",
    "-0",
    "1",
    "10",
    "-1",
    "11",
    "10.0",
    "1e1",
    "1E+1",
    "1.5",
    "-0.0",
    "1e400",
    "-1e400",
    "1e-400",
    "9007199254740991",
    "9007199254740992",
    "-9007199254740991",
    "-9007199254740992",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "007",
    "+1",
    ".5",
    "1.",
    "0x1",
    "1_0",
    "NaN",
    "Infinity",
    "-Infinity",
    "true",
    "false",
    "null",
    "１",
    "1" * 5000,
    "-" * 3,
]
TEXTS = [
    '""',
    '" "',
    '"a"',
    '"a "',
    '"player-1"',
    '"PLAYER-1"',
    '"\\u00e9"',
    '"é"',
    '"e\\u0301"',
    '"\\ud83d\\ude00"',
    '"\\ud83d"',
    '"\\ude00\\ud83d"',
    '"\\u0000"',
    '"\\u0001"',
    '"\\u007f"',
    '"\\u0085"',
    '"\\u200b"',
    '"\\u2028"',
    '"\\ufeffa"',
    '"a\\u00a0"',
    '"a\\tb"',
    '"\t"',
    '"\\x"',
    '"10"',
    f'"{"x" * 128}"',
    f'"{"x" * 129}"',
    f'"{"é" * 500}"',
    f'"{"x" * 501}"',
    "'a'",
]
SHAPES = ["[]", "{}", "[[]]", '{"a":{}}', "[" * 50 + "]" * 50, "[" * 3000 + "]" * 3000, '[1,"a",null]', '{"a":1,"a":2}']
TYPES = ["application/json"] * 30 + [
    "",
    "text/plain",
    "APPLICATION/JSON",
    "application/json; charset=utf-8",
    "application/json; charset=utf-16",
    "application/json;",
    " application/json",
    "application/problem+json",
    "*/*",
    "é",
]
QUERIES = [
    "limit=1",
    "limit=0",
    "limit=1000",
    "limit=1001",
    "limit=201",
    "limit=",
    "limit=-1",
    "limit=%31",
    "limit=+1",
    "limit=1.0",
    "limit=²",
    "limit",
    "around=me",
    "around=ME",
    "around=",
    "around",
    "cursor=",
    "cursor=x",
    "cursor=AAAAAAAAAAAAAAAA",
    "last_evaluated_key=",
    "last_evaluated_key=x",
    "last_evaluated_key=a%00",
    "type=REWARD",
    "type=x",
    "type=",
    "direction=CREDIT",
    "direction=x",
    "other=1",
    "=1",
    "=",
    "&",
    "limit=1;limit=2",
    "a=%zz",
    "a=%00",
    "a=%ff",
    "a[]=1",
    "limit[]=1",
    "LIMIT=1",
    "limit=00001",
    "limit=0001",
    "?",
    "limit=1?",
]
HEADERS: list[dict[str, str]] = [
    {"X-Request-Id": "é"},
    {"X-Request-Id": "a b"},
    {"If-None-Match": "*"},
    {"If-None-Match": '"x", W/"y"'},
    {"If-None-Match": "é"},
    {"Authorization": "Bearer x"},
    {"Authorization": "Basic eDp5"},
    {"Authorization": ""},
    {"user-jwt-token": ""},
    {"user-jwt-token": "é"},
    {"user-jwt-token": "a.b.c"},
    {"x-client-id": "x"},
    {"x-client-secret": "é"},
    {"x-client-secret": ""},
    {"x-clientID": "x"},
    {"Host": "evil.example"},
    {"Accept": "text/html"},
    {"Content-Encoding": "identity"},
    {"Content-Encoding": "gzip"},
    {"Cookie": "sessionid=é"},
    {"X-HTTP-Method-Override": "DELETE"},
    {"Idempotency-Key": "é"},
    {"Idempotency-Key": ""},
    {"Idempotency-Key": "k"},
]


class Chance:
    """Makes random requests; a seed makes the same ones again."""

    def __init__(self, seed: str, uid: str) -> None:
        self.random, self.uid = Random(seed), uid

    def value(self, plain: str) -> str:
        """A value for a field that should be `plain`."""
        kinds = [[plain]] * 20 + [NUMBERS, TEXTS, SHAPES]
        return self.random.choice(self.random.choice(kinds))

    def object(self, fields: dict[str, Any]) -> str:
        """An object that should have these fields."""
        pairs = []
        for name, plain in fields.items():
            if self.random.random() < 0.05:
                continue
            nested = isinstance(plain, dict) and self.random.random() < 0.95
            pairs.append((name, self.object(plain) if nested else self.value(plain if isinstance(plain, str) else "1")))
            if self.random.random() < 0.03:
                pairs.append((name, self.value("1")))
        if self.random.random() < 0.1:
            pairs.append((self.random.choice(["more", "", "\\u0000", "\\ud800", "__proto__"]), self.value("1")))
        self.random.shuffle(pairs)
        blank = self.random.choice(["", "", " ", "\n\t", "\u00a0", "/**/"]) if self.random.random() < 0.1 else ""
        return "{" + ("," + blank).join(f'"{name}":{value}' for name, value in pairs) + "}"

    def body(self, fields: dict[str, Any] | None) -> bytes:
        """A body for a call that takes these fields."""
        if fields is None or self.random.random() < 0.03:
            return b"" if self.random.random() < 0.7 else self.value("{}").encode()
        text = self.object(fields)
        spoiled = [
            text.encode("utf-16"),
            b"\xef\xbb\xbf" + text.encode(),
            text.encode()[:-1],
            text.encode() + b"}",
            text.encode() + b"\x00",
            b"\xff" + text.encode(),
            self.value(text).encode(),
            b" " * 20_000 + text.encode(),
            b" " * 66_000 + text.encode(),
            text.encode() + b"\n",
        ]
        return self.random.choice(spoiled) if self.random.random() < 0.15 else text.encode()

    def path(self, path: str) -> str:
        """The path, or nearly."""
        ends = ["", "", "", "", "", "", "/", "//", ".", "%20", "%00", ";x"]
        path = path.replace("{uid}", self.random.choice([*[self.uid] * 8, self.uid.upper(), self.uid[:-1], "x", "%2F"]))
        queries = self.random.choices(QUERIES, k=self.random.choice([0, 0, 0, 0, 1, 1, 2, 3]))
        return path + self.random.choice(ends) + ("?" + "&".join(queries) if queries else "")

    def headers(self) -> dict[str, str]:
        """Further headers."""
        return self.random.choice(HEADERS) if self.random.random() < 0.15 else {}

    def type(self) -> str:
        """The Content-Type, also where there is no body."""
        return self.random.choice(TYPES)


CALLS: dict[str, tuple[str, str, dict[str, Any] | None]] = {
    "balance": ("GET", "/fe/wallet/balance", None),
    "statement": ("GET", "/fe/wallet/transactions", None),
    "board": ("GET", "/fe/esports/tournaments/{uid}/leaderboard", None),
    "older board": ("GET", "/fe/esports/leaderboards/{uid}/leaderboard", None),
    "join": ("POST", "/fe/esports/tournaments/{uid}/join", {"joiningStake": "10"}),
    "leave": ("POST", "/fe/esports/tournaments/{uid}/leave", None),
    "score": (
        "POST",
        "/fe/esports/tournaments/{uid}/score",
        {
            "metadata": {"tournamentId": '"UID"', "playerId": '"p"', "gameId": '"g"', "eventId": '"e"'},
            "payload": {"score": {"value": "10"}},
        },
    ),
    "claim": ("POST", "/fe/esports/rewards/claim", {"reward_ids": "[]"}),
    "claim of one": ("POST", "/fe/esports/rewards/claim", {"tournament_id": '"UID"'}),
    "session": (
        "POST",
        "/s2s/session",
        {"user_id": '"player-1"', "name": '"N"', "level": "3", "email": '"e"', "gamer_id": '"g"', "fb_login": '"no"'},
    ),
    "older session": ("POST", "/api/v1/session", {"user_id": '"new"', "rank": "1"}),
}


@pytest.fixture
def players(studio: StudioCaller) -> dict[str, GamerCaller]:
    """A gamer who has joined and scored, and one who has not."""
    return {name: studio.gamer(name) for name in ("player-1", "player-2")}


def answered(way: Way, caller: Caller, method: str, path: str, raw: bytes, extra: dict[str, str]) -> Answer:
    """The response on one of the paths; the call is rolled back."""
    Chosen.way = way
    typed = extra.pop("Content-Type")
    with undone():
        return caller.call(method, path, raw=raw, headers=extra, content_type=typed, check=False)


def plain(answer: Answer) -> tuple[int, dict[str, str], Any]:
    """The parts of a response that must be the same on both paths."""
    headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    if not answer.content or not headers["content-type"].endswith("json"):
        return answer.status, headers, answer.content
    body = {name: value for name, value in answer.json.items() if name not in MADE | {"request_id"}}
    if len(body) < len(answer.json):
        headers.pop("content-length", None)
        return answer.status, headers, body
    return answer.status, headers, answer.content


@pytest.mark.parametrize("name", CALLS)
def test_both_paths_answer_a_random_request_alike(
    name: str, studio: StudioCaller, players: dict[str, GamerCaller]
) -> None:
    uid = studio.tournament()
    players["player-1"].join(uid).ok()
    players["player-1"].score(uid, 5, "e").ok()
    chance = Chance(name, uid)
    method, path, fields = CALLS[name]
    fields = json.loads(json.dumps(fields).replace("UID", uid))
    taken = 0
    for _ in range(REQUESTS_A_CALL):
        caller: Caller = studio if "session" in path else chance.random.choice(list(players.values()))
        raw, where = chance.body(fields), chance.path(path)
        extra = {"X-Request-Id": "same", **chance.headers(), "Content-Type": chance.type()}
        sent = {"Content-Type": extra["Content-Type"]} if raw and extra["Content-Type"] else {}
        with undone():
            served = fast_path(method, where, caller.headers | {k: v for k, v in extra.items() if v} | sent, raw)
        taken += bool(served and served.answer)
        answers = [answered(way, caller, method, where, raw, dict(extra)) for way in (Way.ORDINARY, Way.FAST_PATH)]
        described = (method, where, raw[:500], extra, [answer.content[:300] for answer in answers])
        assert answers[0].status < 500, described
        assert plain(answers[0]) == plain(answers[1]), described
    assert taken > REQUESTS_A_CALL // 50, "too few took the fast path for a comparison"

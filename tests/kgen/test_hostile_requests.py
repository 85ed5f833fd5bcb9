"""Whole bodies, queries, paths and headers that are none: always a 4xx problem, nothing changed."""

import pytest

from tests.support.arena import Arena
from tests.support.calls import CALLS, LIST_CALLS
from tests.support.http import Caller, GamerCaller, StudioCaller
from tests.support.inputs import NASTY_QUERIES, RAW_BODIES
from tests.support.rows import snapshot

pytestmark = pytest.mark.django_db

PATH_SEGMENTS = [
    "%00",
    "a%00b",
    "%ED%A0%80",
    "..%2F..",
    "%2F",
    "'%3B%20DROP%20TABLE--",
    "%F0%9F%98%80",
    "x" * 10_000,
    "00000000-0000-0000-0000-00000000000g",
    "{00000000-0000-4000-8000-000000000000}",
    "urn:uuid:00000000-0000-4000-8000-000000000000",
    "00000000000040008000000000000000",
]
NASTY_HEADERS = ["x" * 100_000, "\x00", "a\nb", "ÿ", "\t", "[" * 20_000, "..", "%00", "0" * 5_000, "-1"]


def test_a_body_that_is_no_plain_json_object_is_refused(arena: Arena) -> None:
    before = snapshot()
    for call in CALLS:
        for name, raw, headers, status in RAW_BODIES:
            content_type = headers.get("Content-Type", "application/json")
            others = {key: value for key, value in headers.items() if key != "Content-Type"}
            answer = arena.send(call, raw, content_type=content_type, headers=others)
            code = {400: "BAD_REQUEST", 415: "UNSUPPORTED_MEDIA_TYPE"}[status]
            assert (answer.status, answer.code) == (status, code), (call.name, name, answer.content)
    assert snapshot() == before


@pytest.mark.parametrize("audience", ["gamer", "studio"])
def test_a_malformed_query_is_refused(arena: Arena, audience: str) -> None:
    for path, (who, parameters) in LIST_CALLS.items():
        for names in together(parameters) if who == audience else []:
            for value, kinds in NASTY_QUERIES.items():
                url = f"{arena.path(path)}?" + "&".join(f"{name}={value}" for name in names)
                answer = arena.caller(audience).get(url, check=False)
                if parameters[names[0]] in kinds:
                    assert answer.status == 200, (url, answer.content)
                else:
                    problem = answer.refused(400, "BAD_REQUEST")
                    assert {fault["field"] for fault in problem["errors"]} == set(names), url


def together(parameters: dict[str, str]) -> list[list[str]]:
    """The parameters by kind: those of one kind are all told of at once."""
    kinds = dict.fromkeys(parameters.values())
    return [[name for name, kind in parameters.items() if kind == wanted] for wanted in kinds]


def test_a_query_of_a_thousand_parameters_is_refused(gamer: GamerCaller) -> None:
    query = "&".join(f"p{number}=1" for number in range(2_000))
    gamer.get(f"/fe/esports/tournaments/active?{query}").refused(400, "BAD_REQUEST")


def test_an_unknown_parameter_with_any_value_is_ignored(gamer: GamerCaller) -> None:
    assert gamer.get("/fe/esports/tournaments/active?zzz=%00&%FF=%ED%A0%80&=&&;").ok() == []


def test_a_path_with_garbage_instead_of_an_id_is_not_found(arena: Arena) -> None:
    before = snapshot()
    for segment in PATH_SEGMENTS:
        assert_unknown(arena, segment)
    assert snapshot() == before


def assert_unknown(arena: Arena, segment: str) -> None:
    """No call finds anything under this segment of its path."""
    score = {"metadata": {"tournamentId": "x"}, "payload": {"score": {"value": 1}}}
    calls: list[tuple[Caller, str, str, dict | None]] = [
        (arena.gamer, "GET", "/fe/esports/tournaments/{}", None),
        (arena.gamer, "GET", "/fe/esports/tournaments/{}/leaderboard", None),
        (arena.gamer, "GET", "/fe/esports/leaderboards/{}/leaderboard", None),
        (arena.gamer, "POST", "/fe/esports/tournaments/{}/join", {"joiningStake": 10}),
        (arena.gamer, "POST", "/fe/esports/tournaments/{}/leave", None),
        (arena.studio, "GET", "/s2s/esports/tournaments/{}", None),
        (arena.studio, "PATCH", "/s2s/esports/tournaments/{}", {"title": "x"}),
        (arena.studio, "POST", "/s2s/esports/tournaments/{}/cancel", None),
        (arena.studio, "POST", "/s2s/esports/tournaments/{}/scores", {"scores": [{"user_id": "u", "value": 1}]}),
        (arena.studio, "GET", "/s2s/esports/tournaments/{}/leaderboard", None),
        (arena.studio, "GET", "/s2s/wallet/{}/balance", None),
        (arena.studio, "GET", "/s2s/wallet/{}/transactions", None),
        (arena.studio, "POST", "/s2s/wallet/deposits/{}/reverse", None),
        (arena.studio, "POST", "/s2s/gamers/{}/suspend", {"reason": "r"}),
        (arena.studio, "POST", "/s2s/gamers/{}/lift", {"reason": "r"}),
    ]
    for caller, method, path, body in calls:
        answer = caller.call(method, path.format(segment), body, key="k" if method == "POST" else None)
        assert answer.status == 404, (method, path, answer.content)
        assert answer.code in ("NOT_FOUND", "TOURNAMENT_NOT_FOUND", "RECORD_NOT_FOUND")
    answer = arena.gamer.post(f"/fe/esports/tournaments/{segment}/score", score)
    assert answer.status in (400, 404)


def test_garbage_in_a_header_causes_no_500(arena: Arena) -> None:
    before = snapshot()
    for value in NASTY_HEADERS:
        assert_harmless(arena, value)
    assert snapshot() == before


def assert_harmless(arena: Arena, value: str) -> None:
    """As a credential it is none, elsewhere it changes nothing."""
    balance, studio = "/fe/wallet/balance", dict(arena.studio.headers)
    for name in ("user-jwt-token", "Authorization"):
        Caller({name: value}).get(balance).refused(401, "UN_AUTHORIZED")
    Caller({"Authorization": f"Bearer {value}"}).get(balance).refused(401, "UN_AUTHORIZED")
    for name in ("x-client-id", "x-client-secret"):
        Caller(studio | {name: value}).get("/s2s/esports/tournaments").refused(401, "UN_AUTHORIZED")
    for name in ("X-Request-Id", "X-Forwarded-For", "Accept", "Accept-Language", "User-Agent", "Cookie", "Range"):
        arena.gamer.get(balance, headers={name: value}).ok()


def test_a_content_length_of_thousands_of_digits_is_too_large(studio: StudioCaller) -> None:
    answer = studio.post("/s2s/session", {"user_id": "x"}, headers={"Content-Length": "9" * 5000})
    answer.refused(413, "PAYLOAD_TOO_LARGE")


def test_an_unknown_host_is_refused(gamer: GamerCaller) -> None:
    gamer.get("/fe/wallet/balance", headers={"Host": "evil.example"}).refused(400, "BAD_REQUEST")
    gamer.get("/fe/wallet/balance", headers={"Host": "a\x00b"}).refused(400, "BAD_REQUEST")

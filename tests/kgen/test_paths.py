"""Addresses: one trailing slash is nothing, nothing is redirected, unknown ones and methods say so in our own shape."""

import uuid

import pytest
from django.test import Client as DjangoClient

from tests.support.addresses import UNKNOWN_UID
from tests.support.arena import Arena
from tests.support.http import Caller, StudioCaller

pytestmark = pytest.mark.django_db

READS = [
    ("gamer", "/fe/esports/tournaments/active"),
    ("gamer", "/fe/esports/tournaments/participated"),
    ("gamer", "/fe/esports/tournaments/{uid}"),
    ("gamer", "/fe/esports/tournaments/{uid}/leaderboard"),
    ("gamer", "/fe/esports/leaderboards/{uid}/leaderboard"),
    ("gamer", "/fe/esports/statistics/historic"),
    ("gamer", "/fe/wallet/balance"),
    ("gamer", "/fe/wallet/transactions"),
    ("studio", "/s2s/esports/tournaments"),
    ("studio", "/s2s/esports/tournaments/{uid}"),
    ("studio", "/s2s/esports/tournaments/{uid}/leaderboard"),
    ("studio", "/s2s/wallet/player-1/balance"),
    ("studio", "/s2s/wallet/player-1/transactions"),
]
WRITES = [
    ("anybody", "POST", "/fe/users/auth/token/refresh", 400),
    ("studio", "POST", "/s2s/session", 400),
    ("studio", "POST", "/api/v1/session", 400),
    ("studio", "DELETE", "/s2s/session", 400),
    ("studio", "POST", "/s2s/esports/tournaments", 400),
    ("studio", "PATCH", "/s2s/esports/tournaments/{uid}", 200),
    ("studio", "POST", "/s2s/esports/tournaments/{uid}/scores", 400),
    ("studio", "POST", "/s2s/wallet/deposits", 400),
    ("studio", "POST", "/s2s/wallet/deposits/unknown/reverse", 404),
    ("studio", "POST", "/s2s/gamers/player-1/suspend", 400),
    ("studio", "POST", "/s2s/gamers/player-1/lift", 400),
    ("gamer", "POST", "/fe/esports/tournaments/{uid}/join", 400),
    ("gamer", "POST", "/fe/esports/tournaments/{uid}/score", 400),
    ("gamer", "POST", "/fe/esports/tournaments/{spare_uid}/leave", 404),
    ("studio", "POST", "/s2s/esports/tournaments/{spare_uid}/cancel", 200),
]
METHODS: list[tuple[str, str, set[str]]] = [
    ("GET", "/s2s/session", {"POST", "DELETE"}),
    ("PUT", "/s2s/session", {"POST", "DELETE"}),
    ("FOO", "/s2s/session", {"POST", "DELETE"}),
    ("GET", "/api/v1/session", {"POST"}),
    ("DELETE", "/api/v1/session", {"POST"}),
    ("GET", "/fe/users/auth/token/refresh", {"POST"}),
    ("DELETE", "/s2s/esports/tournaments", {"GET", "HEAD", "POST"}),
    ("PUT", f"/s2s/esports/tournaments/{UNKNOWN_UID}", {"GET", "HEAD", "PATCH"}),
    ("GET", f"/fe/esports/tournaments/{UNKNOWN_UID}/join", {"POST"}),
    ("POST", f"/fe/esports/tournaments/{UNKNOWN_UID}", {"GET", "HEAD"}),
    ("POST", "/fe/esports/tournaments/active", {"GET", "HEAD"}),
    ("POST", "/fe/wallet/balance", {"GET", "HEAD"}),
    ("GET", "/s2s/wallet/deposits", {"POST"}),
    ("POST", "/healthz", {"GET", "HEAD"}),
    ("POST", "/readyz", {"GET", "HEAD"}),
    ("DELETE", "/metrics", {"GET", "HEAD"}),
    ("POST", "/schema", {"GET", "HEAD"}),
    ("PUT", "/docs", {"GET", "HEAD"}),
]


def test_a_read_answers_alike_with_one_trailing_slash(arena: Arena) -> None:
    for audience, path in READS:
        plain, slashed = (arena.caller(audience).get(arena.path(path) + end) for end in ("", "/"))
        assert (plain.status, slashed.status) == (200, 200), path
        assert plain.content == slashed.content, path


def test_a_write_with_one_trailing_slash_answers_alike_without_redirect(arena: Arena) -> None:
    for audience, method, path, status in WRITES:
        plain, slashed = (arena.caller(audience).call(method, arena.path(path) + end) for end in ("", "/"))
        assert (plain.status, slashed.status) == (status, status), (path, slashed.content)
        assert "Location" not in plain.headers | slashed.headers


def test_a_post_with_a_trailing_slash_takes_effect(arena: Arena) -> None:
    stranger = arena.studio.gamer("player-3")
    body = {"joiningStake": 10}
    assert stranger.post(f"/fe/esports/tournaments/{arena.uid}/join/", body).ok() == {
        "message": "user successfully joined the tournament"
    }
    assert stranger.buckets() == (40, 0, 0)


@pytest.mark.parametrize("path", ["/fe/wallet/balance//", "//fe/wallet/balance", "/fe//wallet/balance"])
def test_a_path_with_two_trailing_slashes_is_not_found(arena: Arena, path: str) -> None:
    arena.gamer.get(path).refused(404, "NOT_FOUND")


def test_an_unknown_path_is_a_404_problem_without_credentials() -> None:
    for path in ("/", "/nope", "/nope/", "/fe", "/s2s/", "/s2s/sessions", "/fe/wallet", "/api/v2/session"):
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            Caller().call(method, path).refused(404, "NOT_FOUND")


def test_a_wrong_method_gets_the_allowed_ones_without_credentials() -> None:
    for method, path, allowed in METHODS:
        for slash in ("", "/"):
            answer = Caller().call(method, path + slash)
            answer.refused(405, "METHOD_NOT_ALLOWED")
            assert set(answer.headers["Allow"].split(", ")) - {"OPTIONS"} == allowed, (method, path)


@pytest.mark.parametrize("path", ["/healthz", "/schema", "/nope", "/s2s/session", "/fe/wallet/balance"])
def test_only_the_console_has_csrf_protection(path: str) -> None:
    response = DjangoClient(enforce_csrf_checks=True).post(path, b"{}", content_type="application/json")
    assert response.status_code in (401, 404, 405)
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/schema", "/docs", "/healthz", "/readyz"])
def test_accept_and_format_do_not_change_the_answer(path: str) -> None:
    wanted = Caller().get(path)
    other = Caller().get(path + "?format=xml", headers={"Accept": "image/png"})
    assert (wanted.status, other.status) == (200, 200)
    assert other.headers["Content-Type"] == wanted.headers["Content-Type"]


def test_head_answers_like_get_without_a_body(arena: Arena) -> None:
    answer = arena.gamer.call("HEAD", "/fe/wallet/balance", check=False)
    assert (answer.status, answer.content) == (200, b"")


def test_an_upper_case_id_is_accepted_and_answered_in_lower_case(arena: Arena) -> None:
    upper = arena.uid.upper()
    assert upper != arena.uid
    for audience, path in READS:
        if "{uid}" in path:
            lower_answer = arena.caller(audience).get(arena.path(path))
            assert arena.caller(audience).get(path.replace("{uid}", upper)).content == lower_answer.content
    assert arena.gamer.get(f"/fe/esports/tournaments/{upper}").ok()["tournament_uid"] == arena.uid
    arena.gamer.score(upper, 7).ok()
    body = {"metadata": {"tournamentId": arena.uid}, "payload": {"score": {"value": 8}}}
    arena.gamer.post(f"/fe/esports/tournaments/{upper}/score", body).ok()
    assert arena.gamer.board(upper)["me"] == {"rank": 1, "score": 8, "shared_rank": 1}


def test_an_upper_case_client_id_names_the_same_client(studio: StudioCaller) -> None:
    studio.get("/s2s/esports/tournaments", headers={"x-client-id": studio.client_id.upper()}).ok()


@pytest.mark.parametrize(
    "uid", ["x", "1", "active-not", UNKNOWN_UID[:-1], UNKNOWN_UID + "0", uuid.UUID(UNKNOWN_UID).hex]
)
def test_an_id_that_is_no_uuid_answers_like_an_unknown_one(arena: Arena, uid: str) -> None:
    same = {"X-Request-Id": "same"}
    for method, rest, body in [
        ("GET", "", None),
        ("GET", "/leaderboard", None),
        ("POST", "/join", {"joiningStake": 10}),
        ("POST", "/leave", None),
    ]:
        answers = [
            arena.gamer.call(method, f"/fe/esports/tournaments/{name}{rest}", body, headers=same)
            for name in (uid, UNKNOWN_UID)
        ]
        answers[0].refused(404, "TOURNAMENT_NOT_FOUND")
        assert answers[0].content == answers[1].content

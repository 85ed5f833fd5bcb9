"""Web pages that call: which may read an answer, for both paths of serving (Fetch, 3.2)."""

from typing import Any

import pytest

from kgen.api.cors import known_origins
from tests.support.http import Answer, Caller, GamerCaller, StudioCaller
from users.models import Client, SecretKind
from users.services import issue_secret, switch_client

pytestmark = pytest.mark.django_db

OURS, OTHERS, NOBODYS = "https://game.example", "https://other.example", "https://evil.example"
EXPOSED = {
    "X-Next-Cursor",
    "Link",
    "Retry-After",
    "ETag",
    "RateLimit",
    "RateLimit-Policy",
    "X-Request-Id",
    "Idempotent-Replayed",
}


@pytest.fixture(autouse=True)
def fresh() -> None:
    """Nothing is remembered from another test."""
    known_origins.forget()


@pytest.fixture
def game(studio: StudioCaller) -> StudioCaller:
    """A client that lists an origin, beside one that lists another."""
    Client.objects.filter(pk=studio.client_id).update(origins=f"{OURS},http://localhost:*")
    Client.objects.create(name="Another game", origins=OTHERS)
    return studio


@pytest.fixture
def gamer(game: StudioCaller) -> GamerCaller:
    """A gamer of it, with a session."""
    return game.gamer("g")


def allowed(answer: Answer) -> str | None:
    """The origin that the answer names; every such answer also varies by it and allows no credentials."""
    assert "Origin" in [name.strip() for name in answer.headers["Vary"].split(",")]
    assert "Access-Control-Allow-Credentials" not in answer.headers
    named: str | None = answer.headers.get("Access-Control-Allow-Origin")
    if named:
        assert set(answer.headers["Access-Control-Expose-Headers"].split(", ")) == EXPOSED
    return named


def preflight(path: str, origin: str, method: str = "POST") -> Answer:
    """A browser's question before a call."""
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    return Caller().call("OPTIONS", path, headers=asked, check=False)


@pytest.mark.parametrize("origin", [OURS, "http://localhost:5173", "http://localhost", "http://localhost:1"])
def test_an_answer_names_an_origin_that_its_client_lists(gamer: GamerCaller, game: StudioCaller, origin: str) -> None:
    uid, sent = game.tournament(), {"Origin": origin}
    answers = [
        gamer.get("/fe/wallet/balance", headers=sent),
        gamer.join(uid, headers=sent),
        gamer.join(uid, headers=sent),
        gamer.score(uid, 5, headers=sent),
        gamer.get(f"/fe/esports/tournaments/{uid}", headers=sent),
        gamer.get("/fe/esports/tournaments/x", headers=sent),
        gamer.post("/fe/esports/rewards/claim", raw=b"{", headers=sent),
        gamer.post(f"/fe/esports/tournaments/{uid}/leave", headers=sent, key="k"),
    ]
    assert [answer.status for answer in answers] == [200, 200, 409, 200, 200, 404, 400, 409]
    assert {allowed(answer) for answer in answers} == {origin}


@pytest.mark.parametrize(
    "origin",
    [
        OTHERS,
        NOBODYS,
        "null",
        "",
        "*",
        "https://game.example.evil.example",
        "https://GAME.example",
        "http://game.example",
        "https://game.example:444",
        "http://localhost:x",
        "https://localhost:5173",
        "http://127.0.0.1:5173",
    ],
)
def test_no_other_origin_is_named_and_none_is_refused(gamer: GamerCaller, origin: str) -> None:
    answer = gamer.get("/fe/wallet/balance", headers={"Origin": origin})
    assert (answer.status, allowed(answer)) == (200, None)


def test_an_unchanged_board_and_a_full_window_name_the_origin(
    gamer: GamerCaller, game: StudioCaller, settings: Any
) -> None:
    path = f"/fe/esports/tournaments/{game.tournament()}/leaderboard"
    tag = gamer.get(path).headers["ETag"]
    unchanged = gamer.get(path, headers={"Origin": OURS, "If-None-Match": tag}, check=False)
    assert (unchanged.status, allowed(unchanged)) == (304, OURS)
    settings.RATE_GAMER_PER_SECOND = settings.RATE_GAMER_BURST = 1
    full = [gamer.get("/fe/wallet/balance", headers={"Origin": OURS}) for _ in range(3)][-1]
    assert (full.status, allowed(full)) == (429, OURS)
    assert "Retry-After" in full.headers


@pytest.mark.parametrize(("origin", "named"), [(OURS, OURS), (OTHERS, OTHERS), (NOBODYS, None), ("null", None)])
def test_a_refusal_before_authentication_names_what_any_client_lists(
    game: StudioCaller, origin: str, named: str | None
) -> None:
    sent = {"Origin": origin, "user-jwt-token": "x"}
    answer = Caller().get("/fe/wallet/balance", headers=sent)
    assert (answer.status, allowed(answer)) == (401, named)
    unknown = Caller().get("/fe/no/such/call", headers=sent, check=False)
    assert (unknown.status, allowed(unknown)) == (404, named)


@pytest.mark.parametrize("path", ["/fe/wallet/balance", "/fe/esports/tournaments/any/join", "/fe/wallet/balance/"])
def test_a_preflight_allows_what_any_active_client_lists(game: StudioCaller, path: str) -> None:
    answer = preflight(path, OTHERS)
    assert (answer.status, allowed_by_preflight(answer)) == (204, OTHERS)
    assert answer.headers["Access-Control-Max-Age"] == "86400"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST, PATCH, DELETE"
    assert set(answer.headers["Access-Control-Allow-Headers"].split(", ")) == {
        "content-type",
        "authorization",
        "user-jwt-token",
        "idempotency-key",
        "if-none-match",
        "last-event-id",
        "x-request-id",
    }
    assert allowed_by_preflight(preflight(path, "http://localhost:8000")) == "http://localhost:8000"
    for origin in (NOBODYS, "null", ""):
        refused = preflight(path, origin)
        assert (refused.status, allowed_by_preflight(refused)) == (204, None)


def allowed_by_preflight(answer: Answer) -> str | None:
    """The origin that a preflight's answer names."""
    assert "Origin" in answer.headers["Vary"]
    named: str | None = answer.headers.get("Access-Control-Allow-Origin")
    return named


def test_the_origins_of_a_client_that_is_switched_off_do_not_count(game: StudioCaller) -> None:
    assert allowed_by_preflight(preflight("/fe/wallet/balance", OURS)) == OURS
    switch_client(client_id=Client.objects.get(pk=game.client_id).pk, active=False)
    # Remembered for five seconds.
    assert allowed_by_preflight(preflight("/fe/wallet/balance", OURS)) == OURS
    known_origins.forget()
    assert allowed_by_preflight(preflight("/fe/wallet/balance", OURS)) is None


def test_a_preflight_asks_the_database_once_in_five_seconds(game: StudioCaller, django_assert_num_queries: Any) -> None:
    preflight("/fe/wallet/balance", OURS)
    with django_assert_num_queries(0):
        for _ in range(3):
            preflight("/fe/wallet/balance", OURS)
            Caller().get("/fe/wallet/balance", headers={"Origin": OURS})


@pytest.mark.parametrize("path", ["/s2s/esports/tournaments", "/s2s/webhooks", "/healthz", "/schema", "/hooks/payouts"])
def test_no_other_address_has_cross_origin_headers(game: StudioCaller, path: str) -> None:
    for answer in (game.get(path, headers={"Origin": OURS}, check=False), preflight(path, OURS)):
        assert not [name for name in answer.headers if name.startswith("access-control")], path


@pytest.mark.parametrize("path", ["/s2s/session", "/api/v1/session"])
def test_a_session_is_for_pages_only_with_a_secret_for_pages(game: StudioCaller, path: str) -> None:
    sent = {"Origin": OURS}
    assert allowed_by_preflight(preflight(path, OURS)) is None
    assert allowed(game.post(path, {"user_id": "u"}, headers=sent)) is None
    secret = issue_secret(client_id=Client.objects.get(pk=game.client_id).pk, kind=SecretKind.SESSIONS)
    known_origins.forget()
    page = Caller({"x-client-id": game.client_id, "x-client-secret": secret})
    answer = preflight(path, OURS)
    assert allowed_by_preflight(answer) == OURS
    assert {"x-client-id", "x-client-secret", "x-clientid"} <= set(
        answer.headers["Access-Control-Allow-Headers"].split(", ")
    )
    opened = page.post(path, {"user_id": "visitor"}, headers=sent)
    assert (opened.status, allowed(opened)) == (200, OURS)
    # Of the studio's server nothing is for pages, though the client lists the origin.
    assert allowed(game.post(path, {"user_id": "u"}, headers=sent)) is None
    assert allowed_by_preflight(preflight(path, OTHERS)) is None


def test_a_refreshed_pair_names_the_origin_of_its_client(game: StudioCaller, gamer: GamerCaller) -> None:
    path, body = "/fe/users/auth/token/refresh", {"refresh_token": gamer.session["refresh_token"]}
    answer = Caller().post(path, body, headers={"Origin": OTHERS})
    assert (answer.status, allowed(answer)) == (200, None)
    answer = Caller().post(path, {"refresh_token": answer.json["refresh_token"]}, headers={"Origin": OURS})
    assert (answer.status, allowed(answer)) == (200, OURS)

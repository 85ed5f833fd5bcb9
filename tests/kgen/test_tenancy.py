"""Another client's things answer byte for byte like things that do not exist, and nothing happens to them."""

from typing import Any

import pytest

from tests.support.addresses import UNKNOWN_UID
from tests.support.arena import Arena
from tests.support.http import StudioCaller
from tests.support.rows import snapshot
from tests.support.withdrawals import link
from users.models import Client

pytestmark = pytest.mark.django_db

ROW = {"user_id": "player-1", "value": 1}
# Each call with a placeholder for the foreign thing's name, and a body that would do something to it.
GAMER_CALLS: list[tuple[str, str, Any]] = [
    ("GET", "/fe/esports/tournaments/{}", None),
    ("GET", "/fe/esports/tournaments/{}/leaderboard", None),
    ("GET", "/fe/esports/tournaments/{}/leaderboard?around=me", None),
    ("GET", "/fe/esports/leaderboards/{}/leaderboard", None),
    ("POST", "/fe/esports/tournaments/{}/leaderboard/query", {"user_ids": ["player-1"]}),
    ("POST", "/fe/esports/tournaments/{}/join", {"joiningStake": 10}),
    ("POST", "/fe/esports/tournaments/{}/leave", None),
]
STUDIO_CALLS: list[tuple[str, str, Any]] = [
    ("GET", "/s2s/esports/tournaments/{}", None),
    ("GET", "/s2s/esports/tournaments/{}/leaderboard", None),
    ("POST", "/s2s/esports/tournaments/{}/leaderboard/query", {"user_ids": ["player-1"]}),
    ("PATCH", "/s2s/esports/tournaments/{}", {"title": "Mine"}),
    ("POST", "/s2s/esports/tournaments/{}/cancel", None),
    ("POST", "/s2s/esports/tournaments/{}/scores", {"scores": [ROW]}),
]
SERIES_CALLS: list[tuple[str, str, Any]] = [
    ("GET", "/s2s/esports/series/{}", None),
    ("PATCH", "/s2s/esports/series/{}", {"title": "Mine"}),
    ("DELETE", "/s2s/esports/series/{}", None),
]
USER_CALLS: list[tuple[str, str, Any]] = [
    ("GET", "/s2s/wallet/{}/balance", None),
    ("GET", "/s2s/wallet/{}/transactions", None),
    ("POST", "/s2s/gamers/{}/suspend", {"reason": "r"}),
    ("POST", "/s2s/gamers/{}/lift", {"reason": "r"}),
]


def assert_same(caller: Any, calls: list[tuple[str, str, Any]], foreign: str, unknown: str, code: str) -> None:
    """Each call answers alike for the foreign name and for one that nobody has."""
    for method, path, body in calls:
        same = {"X-Request-Id": "same"}
        answers = [caller.call(method, path.format(name), body, headers=same) for name in (foreign, unknown)]
        answers[0].refused(404, code)
        assert answers[0].content == answers[1].content, path
        assert answers[0].headers == answers[1].headers, path


def test_another_clients_tournament_does_not_exist(arena: Arena, other_studio: StudioCaller) -> None:
    stranger = other_studio.gamer("player-1")
    before = snapshot()
    assert_same(stranger, GAMER_CALLS, arena.uid, UNKNOWN_UID, "TOURNAMENT_NOT_FOUND")
    assert_same(other_studio, STUDIO_CALLS, arena.uid, UNKNOWN_UID, "TOURNAMENT_NOT_FOUND")
    assert stranger.score(arena.uid, 1).json["code"] == stranger.score(UNKNOWN_UID, 1).json["code"]
    assert snapshot() == before


def test_another_clients_series_does_not_exist(arena: Arena, other_studio: StudioCaller) -> None:
    before = snapshot()
    assert_same(other_studio, SERIES_CALLS, arena.series_uid, UNKNOWN_UID, "RECORD_NOT_FOUND")
    assert snapshot() == before


def test_another_clients_gamer_does_not_exist(arena: Arena, other_studio: StudioCaller) -> None:
    before = snapshot()
    assert_same(other_studio, USER_CALLS, "player-1", "nobody", "RECORD_NOT_FOUND")
    same = {"X-Request-Id": "same"}
    for make in (
        lambda name: other_studio.delete("/s2s/session", {"user_id": name}, headers=same),
        lambda name: other_studio.post(
            "/s2s/wallet/deposits", {"user_id": name, "amount": 1, "reference": "r"}, headers=same
        ),
    ):
        foreign, unknown = make("player-1"), make("nobody")
        foreign.refused(404, "RECORD_NOT_FOUND")
        assert foreign.content == unknown.content
    assert snapshot() == before


def test_another_clients_store_code_does_not_exist(arena: Arena, other_studio: StudioCaller) -> None:
    Client.objects.filter(pk=arena.studio.client_id).update(store_url="https://shop.example/")
    link(arena.gamer)
    code = arena.gamer.post("/fe/users/k-store/generate-redirect-uri").ok()["url"].partition("code=")[2]
    calls = [("POST", "/s2s/store-codes/{}/redeem", None)]
    assert_same(other_studio, calls, code, "unknown", "RECORD_NOT_FOUND")
    arena.studio.post(f"/s2s/store-codes/{code}/redeem").ok()


def test_another_clients_deposit_does_not_exist(arena: Arena, other_studio: StudioCaller) -> None:
    calls = [("POST", "/s2s/wallet/deposits/{}/reverse", None)]
    assert_same(other_studio, calls, "known", "unknown", "RECORD_NOT_FOUND")
    assert arena.gamer.buckets() == (40, 5, 0)


def test_lists_have_only_rows_of_the_caller(arena: Arena, other_studio: StudioCaller) -> None:
    stranger = other_studio.gamer("player-1")
    for path in ("active", "participated"):
        assert stranger.get(f"/fe/esports/tournaments/{path}").ok() == []
    assert stranger.get("/fe/esports/statistics/historic").ok() == []
    assert other_studio.get("/s2s/esports/tournaments").ok() == []
    assert other_studio.get("/s2s/esports/series").ok() == []
    own = stranger.get("/fe/wallet/transactions").ok()["transactions"]
    assert [entry["description"]["type"] for entry in own] == ["WELCOME_BONUS"]


def test_equal_names_at_two_clients_are_separate(arena: Arena, other_studio: StudioCaller) -> None:
    twin = other_studio.gamer("player-1", name="Twin")
    assert twin.session["is_new_user"] is True
    assert twin.session["wallet_address"] != arena.gamer.session["wallet_address"]
    other_studio.deposit("player-1", 7, "known").ok(201)
    assert (twin.buckets(), arena.gamer.buckets()) == ((50, 7, 0), (40, 5, 0))
    key = "the same key"
    made = [
        studio.post("/s2s/esports/tournaments", body, key=key).ok(201)
        for studio, body in ((arena.studio, terms("A")), (other_studio, terms("B")))
    ]
    assert [tournament["title"] for tournament in made] == ["A", "B"]


def terms(title: str) -> dict[str, Any]:
    """A tournament."""
    return {"title": title, "buy_in_price": 1, "tournament_size": 5, "ends_at_timestamp": "2030-01-01T00:00:00Z"}


def test_bulk_scores_of_another_clients_gamers_are_refused_as_unknown(arena: Arena, other_studio: StudioCaller) -> None:
    uid = other_studio.tournament(buy_in_price=0)
    rows = [ROW, {"user_id": "nobody", "value": 1}]
    results = other_studio.post(f"/s2s/esports/tournaments/{uid}/scores", {"scores": rows}).ok()["results"]
    assert [(row["status"], row["code"]) for row in results] == [("refused", "RECORD_NOT_FOUND")] * 2


def test_gamer_and_studio_credentials_are_not_interchangeable(arena: Arena) -> None:
    arena.studio.get("/fe/wallet/balance").refused(401, "UN_AUTHORIZED")
    arena.gamer.get("/s2s/esports/tournaments").refused(401, "UN_AUTHORIZED")
    arena.gamer.post("/s2s/session", {"user_id": "player-2"}).refused(401, "UN_AUTHORIZED")

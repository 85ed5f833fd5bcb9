"""Both paths give the same response to the byte; the fast path takes plain requests and leaves the others."""

import json
from typing import Any

import pytest

from rewards.models import Reward
from rewards.services.settling import settle_due
from tests.support.addresses import CLAIM, STATEMENT
from tests.support.clock import end
from tests.support.http import Answer, GamerCaller, StudioCaller
from tests.support.money import book_deposits, new_id
from tests.support.settling import play
from tests.support.undone import undone
from tests.support.ways import Chosen, Way, fast_path

pytestmark = pytest.mark.django_db

# Sent with each call: two responses must not differ by it.
NAMED = {"X-Request-Id": "the-same-for-both"}


@pytest.fixture
def winner(studio: StudioCaller) -> GamerCaller:
    """A gamer with a statement and two rewards."""
    callers = {}
    for title in ("One", "Two"):
        uid = studio.tournament(title=title)
        callers = play(studio, uid, {"a": 3, "b": 2, "c": 1})
        end(uid)
    settle_due()
    book_deposits(callers["a"], 5)
    return callers["a"]


def by(way: Way, gamer: GamerCaller, method: str, path: str, raw: bytes | None) -> Answer:
    """The response on one of the paths; the call is rolled back."""
    Chosen.way = way
    with undone():
        return gamer.call(method, path, raw=raw, headers=NAMED)


def is_taken(gamer: GamerCaller, method: str, path: str, raw: bytes | None, **headers: str) -> bool:
    """Whether the fast path answers the request."""
    typed = {"Content-Type": "application/json"} if raw else {}
    with undone():
        served = fast_path(method, path, gamer.headers | typed | headers, raw or b"")
    return bool(served and served.answer)


def assert_alike(gamer: GamerCaller, method: str, path: str, raw: bytes | None = None) -> Answer:
    """Check that both paths answer the same; the response."""
    ordinary, fast = (by(way, gamer, method, path, raw) for way in (Way.ORDINARY, Way.FAST_PATH))
    assert (fast.status, fast.content) == (ordinary.status, ordinary.content), (path, raw)
    assert sorted(fast.headers.items()) == sorted(ordinary.headers.items()), (path, raw)
    return fast


def test_both_paths_give_the_same_statements(winner: GamerCaller) -> None:
    key = assert_alike(winner, "GET", f"{STATEMENT}?limit=2").ok()["last_evaluated_key"]
    plain = [
        "",
        "?limit=1",
        "?limit=200",
        "?limit=0003",
        "?limit=2.0",
        "?limit=1e1",
        "?last_evaluated_key=",
        f"?last_evaluated_key={key}",
        f"?limit=1&last_evaluated_key={key}",
        "?last_evaluated_key=garbage",
        f"?last_evaluated_key={key[:-4]}",
    ]
    unusual = [
        "?type=REWARD",
        "?direction=CREDIT",
        "?limit=0",
        "?limit=201",
        "?limit=",
        "?limit=two",
        "?limit=1&limit=2",
        "?limit=%31",
        "?other=1",
        "?=",
        "?limit",
        f"?type=REWARD&last_evaluated_key={key}",
        f"?last_evaluated_key={'a' * 501}",
        "?last_evaluated_key=a+b",
        "?last_evaluated_key=%00",
    ]
    for query in plain + unusual:
        assert_alike(winner, "GET", STATEMENT + query)
        assert is_taken(winner, "GET", STATEMENT + query, None) == (query in plain), query
    assert_alike(winner, "GET", f"{STATEMENT}/?limit=2")


def test_both_paths_give_the_same_claims(winner: GamerCaller) -> None:
    reward = Reward.objects.filter(gamer__user_id="a").order_by("id")[0]
    foreign = Reward.objects.exclude(gamer__user_id="a").values_list("id", flat=True).first()
    one, cup, unknown = str(reward.pk), str(reward.tournament_id), str(new_id())
    plain: list[Any] = [
        {},
        {"reward_ids": None},
        {"tournament_id": None, "reward_ids": None},
        {"reward_ids": []},
        {"reward_ids": [one]},
        {"reward_ids": [one, one]},
        {"reward_ids": [one.upper()]},
        {"reward_ids": [one], "tournament_id": None},
        {"tournament_id": cup},
        {"reward_ids": [one, unknown]},
        {"reward_ids": [str(foreign)]} if foreign else {"reward_ids": [unknown]},
        {"tournament_id": unknown},
        {"more": 1},
    ]
    unusual: list[Any] = [
        {"reward_ids": [one], "tournament_id": cup},
        {"reward_ids": ["no id"]},
        {"reward_ids": [""]},
        {"reward_ids": [1]},
        {"reward_ids": [None]},
        {"reward_ids": one},
        {"reward_ids": [one] * 1001},
        {"reward_ids": [one.replace("-", "")]},
        {"tournament_id": 5},
        {"tournament_id": ""},
        {"tournament_id": "x" * 101},
        [],
        "all",
    ]
    assert_alike(winner, "POST", CLAIM)
    assert is_taken(winner, "POST", CLAIM, None)
    for body in plain + unusual:
        raw = json.dumps(body).encode()
        assert_alike(winner, "POST", CLAIM, raw)
        assert is_taken(winner, "POST", CLAIM, raw) == (body in plain), body
    for raw in (b"{", b'{"reward_ids": null, "reward_ids": null}', b'{"reward_ids": ["\\u0000"]}', b"\xff"):
        assert_alike(winner, "POST", CLAIM, raw)
        assert not is_taken(winner, "POST", CLAIM, raw)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        'Application/JSON ; charset="utf-8"',
        "application/json;odd=1;;charset=utf8",
    ],
)
def test_every_spelling_of_json_takes_the_fast_path(winner: GamerCaller, content_type: str) -> None:
    assert is_taken(winner, "POST", CLAIM, b"{}", **{"Content-Type": content_type})


def test_another_content_type_or_a_wrong_key_takes_the_ordinary_path(winner: GamerCaller) -> None:
    for headers in ({"Content-Type": "text/plain"}, {"Idempotency-Key": ""}, {"Idempotency-Key": "é"}):
        assert not is_taken(winner, "POST", CLAIM, b"{}", **headers)
    assert not is_taken(winner, "POST", CLAIM, b"{}", **{"Content-Type": "application/json; charset=utf-16"})


def test_a_claim_with_a_key_takes_the_fast_path_and_is_replayed(winner: GamerCaller) -> None:
    assert is_taken(winner, "POST", CLAIM, b"{}", **{"Idempotency-Key": "k"})
    first = winner.post(CLAIM, key="k")
    assert first.ok()["claimed"] == 2
    again = winner.post(CLAIM, key="k")
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    assert winner.post(CLAIM).ok()["claimed"] == 0

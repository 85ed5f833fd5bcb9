"""Rate limits: each by its own setting, with the headers that tell of it, and 0 for none."""

import uuid
from typing import Any

import pytest

from kgen import settings as product
from kgen.models import IdempotencyKey
from tests.support.addresses import BALANCE, TOURNAMENTS
from tests.support.away import valkey_away
from tests.support.http import Answer, Caller, GamerCaller, StudioCaller
from tests.support.waiting import eventually

pytestmark = pytest.mark.django_db


def assert_limited(answer: Answer, policy: str, amount: int, window: int) -> None:
    """A 429 with all that it has to tell."""
    problem = answer.refused(429, "RATE_LIMITED")
    wait = int(answer.headers["Retry-After"])
    assert 1 <= wait <= 2 * window
    assert problem["retry_after"] == wait
    assert answer.headers["RateLimit-Policy"] == f'"{policy}";q={amount};w={window}'
    assert answer.headers["RateLimit"] == f'"{policy}";r=0;t={wait}'


def test_a_gamer_has_a_burst_and_is_then_limited_to_the_rate(studio: StudioCaller, settings: Any) -> None:
    gamer, other = studio.gamer("u"), studio.gamer("v")
    settings.RATE_GAMER_PER_SECOND, settings.RATE_GAMER_BURST = 1, 5
    for left in (4, 3, 2, 1, 0):
        answer = gamer.get(BALANCE)
        assert answer.status == 200
        assert answer.headers["RateLimit-Policy"] == '"gamer";q=5;w=5'
        assert answer.headers["RateLimit"].startswith(f'"gamer";r={left};t=')
    assert_limited(gamer.get(BALANCE), "gamer", 5, 5)
    other.get(BALANCE).ok()


def test_a_rate_above_the_burst_counts_within_a_second(gamer: GamerCaller, settings: Any) -> None:
    settings.RATE_GAMER_PER_SECOND, settings.RATE_GAMER_BURST = 500, 1
    assert gamer.get(BALANCE).headers["RateLimit-Policy"] == '"gamer";q=500;w=1'


def test_the_default_limits_equal_the_contract() -> None:
    rates = (product.RATE_GAMER_PER_SECOND, product.RATE_GAMER_BURST, product.RATE_CLIENT_PER_SECOND)
    assert rates == (50, 200, 5000)
    assert (product.RATE_FAILED_LOGINS_PER_MINUTE, product.NEW_GAMERS_PER_DAY) == (20, 10_000)


def test_a_rate_refusal_changes_nothing_and_does_not_use_the_key(studio: StudioCaller, settings: Any) -> None:
    uid, gamer = studio.tournament(), studio.gamer("u")
    settings.RATE_GAMER_PER_SECOND, settings.RATE_GAMER_BURST = 1, 20
    while gamer.get(BALANCE).status != 429:
        pass
    assert_limited(gamer.join(uid, key="k"), "gamer", 20, 20)
    assert IdempotencyKey.objects.count() == 0
    settings.RATE_GAMER_PER_SECOND = 0
    answer = gamer.join(uid, key="k")
    answer.ok()
    assert "Idempotent-Replayed" not in answer.headers


def test_a_client_is_limited_by_its_own_rate_within_a_second(
    studio: StudioCaller, other_studio: StudioCaller, settings: Any
) -> None:
    settings.RATE_CLIENT_PER_SECOND = 3
    answers = [studio.get(TOURNAMENTS)]
    while answers[-1].status == 200 and len(answers) < 200:
        answers.append(studio.get(TOURNAMENTS))
    assert len(answers) > 3
    assert_limited(answers[-1], "client", 3, 1)
    other_studio.get(TOURNAMENTS).ok()
    eventually(lambda: studio.get(TOURNAMENTS).status == 200)


@pytest.fixture
def behind_a_proxy(settings: Any) -> str:
    """An address that nobody else calls from, as a trusted proxy would tell it."""
    settings.TRUSTED_PROXIES = 1
    return str(uuid.uuid4())


def test_failed_logins_are_limited_by_address_and_right_ones_pass(
    studio: StudioCaller, behind_a_proxy: str, settings: Any
) -> None:
    settings.RATE_FAILED_LOGINS_PER_MINUTE = 3
    here, there = {"X-Forwarded-For": behind_a_proxy}, {"X-Forwarded-For": str(uuid.uuid4())}
    wrong = Caller(studio.headers | {"x-client-secret": "kgs_wrong"})
    unknown = Caller(studio.headers | {"x-client-id": str(uuid.uuid4())})
    for caller in (wrong, unknown, wrong):
        caller.get(TOURNAMENTS, headers=here).refused(401, "UN_AUTHORIZED")
    assert_limited(wrong.get(TOURNAMENTS, headers=here), "failed-logins", 3, 60)
    assert_limited(unknown.post("/s2s/session", raw=b"{", headers=here), "failed-logins", 3, 60)
    studio.get(TOURNAMENTS, headers=here).ok()
    wrong.get(TOURNAMENTS, headers=there).refused(401, "UN_AUTHORIZED")


def test_only_the_hop_that_a_trusted_proxy_added_counts(
    studio: StudioCaller, behind_a_proxy: str, settings: Any
) -> None:
    settings.RATE_FAILED_LOGINS_PER_MINUTE = 1
    wrong = Caller(studio.headers | {"x-client-secret": "kgs_wrong"})
    statuses = [
        wrong.get(TOURNAMENTS, headers={"X-Forwarded-For": f"{uuid.uuid4()}, {behind_a_proxy}"}).status
        for _ in range(2)
    ]
    assert statuses == [401, 429]
    settings.TRUSTED_PROXIES = 0
    # Nobody vouches for the header now: both come from the same socket.
    statuses = [wrong.get(TOURNAMENTS, headers={"X-Forwarded-For": str(uuid.uuid4())}).status for _ in range(2)]
    assert statuses[1] == 429


def test_zero_switches_a_limit_off(studio: StudioCaller, behind_a_proxy: str) -> None:
    gamer = studio.gamer("u")
    wrong = Caller(studio.headers | {"x-client-secret": "x", "X-Forwarded-For": behind_a_proxy})
    for _ in range(30):
        assert wrong.get(TOURNAMENTS).status == 401
    for caller, path in ((gamer, BALANCE), (studio, TOURNAMENTS)):
        answer = caller.get(path)
        assert answer.status == 200
        assert not {"RateLimit", "RateLimit-Policy", "Retry-After"} & set(answer.headers)


def test_new_gamers_of_a_day_are_counted_by_client(
    studio: StudioCaller, other_studio: StudioCaller, settings: Any
) -> None:
    settings.NEW_GAMERS_PER_DAY = 2
    studio.gamer("a")
    studio.gamer("b")
    answer = studio.post("/s2s/session", {"user_id": "c"})
    assert 1 <= int(answer.headers["Retry-After"]) <= 24 * 3600
    assert_limited(answer, "new-gamers", 2, 24 * 3600)
    settings.RATE_CLIENT_PER_SECOND = 1000
    assert_limited(studio.post("/s2s/session", {"user_id": "c"}), "new-gamers", 2, 24 * 3600)
    assert other_studio.gamer("c").session["is_new_user"] is True


def test_limits_kept_in_valkey_do_not_apply_during_its_outage(
    studio: StudioCaller, behind_a_proxy: str, settings: Any
) -> None:
    uid, gamer = studio.tournament(), studio.gamer("u")
    settings.RATE_GAMER_PER_SECOND = settings.RATE_GAMER_BURST = settings.RATE_CLIENT_PER_SECOND = 1
    settings.RATE_FAILED_LOGINS_PER_MINUTE = 1
    wrong = Caller(studio.headers | {"x-client-secret": "x", "X-Forwarded-For": behind_a_proxy})
    with valkey_away():
        assert [gamer.get(BALANCE).status for _ in range(5)] == [200] * 5
        assert [studio.get(TOURNAMENTS).status for _ in range(5)] == [200] * 5
        assert [wrong.get(TOURNAMENTS).status for _ in range(5)] == [401] * 5
        gamer.join(uid).ok()
        gamer.score(uid, 5).ok()
        assert gamer.board(uid)["me"] == {"rank": 1, "score": 5, "shared_rank": 1}
        assert Caller().get("/readyz").ok()["broker"] == "away"
    assert 429 in {gamer.get(BALANCE).status for _ in range(5)}
    assert Caller().get("/readyz").ok()["broker"] == "ok"


def test_the_limit_of_new_gamers_applies_during_a_valkey_outage(studio: StudioCaller, settings: Any) -> None:
    settings.NEW_GAMERS_PER_DAY = 1
    with valkey_away():
        studio.gamer("a")
        studio.post("/s2s/session", {"user_id": "b"}).refused(429, "RATE_LIMITED")

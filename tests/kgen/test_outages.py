"""The database is away: a clean 503 for everybody, and all is as before when it is back."""

import pytest
from django.db import connection

from tests.support.away import database_away
from tests.support.http import Answer, Caller, GamerCaller, StudioCaller
from tests.support.rows import snapshot
from tests.support.threads import holding_seats

pytestmark = pytest.mark.usefixtures("committed")


def assert_unavailable(answer: Answer) -> None:
    """A 503 that says when to try again and nothing of what is wrong inside."""
    problem = answer.refused(503, "UNAVAILABLE")
    assert answer.headers["Retry-After"] == "2"
    assert "nonexistent" not in answer.content.decode()
    assert set(problem) == {"type", "title", "status", "detail", "code", "message", "request_id"}


def test_a_database_outage_gives_503_and_calls_work_again_afterwards(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament()
    before = snapshot()
    with database_away():
        assert_unavailable(gamer.join(uid, key="k"))
        assert_unavailable(gamer.leave(uid))
        assert_unavailable(gamer.score(uid, 1))
        for path in ("/fe/wallet/balance", "/fe/wallet/transactions", "/fe/esports/tournaments/active"):
            assert_unavailable(gamer.get(path))
        assert_unavailable(studio.post("/s2s/session", {"user_id": "new"}))
        assert_unavailable(studio.delete("/s2s/session", {"user_id": "player-1"}))
        assert_unavailable(studio.deposit("player-1", 1, "r"))
        body = {"refresh_token": gamer.session["refresh_token"]}
        assert_unavailable(Caller().post("/fe/users/auth/token/refresh", body))
        assert_unavailable(Caller().get("/readyz"))
    assert snapshot() == before
    gamer.join(uid, key="k").ok()
    assert studio.deposit("player-1", 1, "r").status == 201
    assert Caller().get("/readyz").ok()["database"] == "ok"


def test_calls_without_the_database_answer_as_usual(gamer: GamerCaller) -> None:
    with database_away():
        assert Caller().get("/healthz").ok() == {"status": "ok"}
        Caller().get("/nope").refused(404, "NOT_FOUND")
        Caller().get("/s2s/session").refused(405, "METHOD_NOT_ALLOWED")
        Caller().get("/fe/wallet/balance").refused(401, "UN_AUTHORIZED")
        Caller({"user-jwt-token": "forged"}).get("/fe/wallet/balance").refused(401, "UN_AUTHORIZED")
        Caller().post("/s2s/session", {"user_id": "x"}).refused(401, "UN_AUTHORIZED")
        Caller().post("/fe/users/auth/token/refresh", {"refresh_token": "x"}).refused(401, "UN_AUTHORIZED")
        Caller().post("/fe/users/auth/token/refresh", raw=b"{").refused(400, "BAD_REQUEST")
        assert Caller().get("/schema").status == 200


def test_a_lock_timeout_is_503_and_changes_nothing(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament()
    before = snapshot()
    with holding_seats(uid):
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        assert_unavailable(gamer.join(uid, key="k"))
        connection.close()
    assert snapshot() == before
    gamer.join(uid, key="k").ok()

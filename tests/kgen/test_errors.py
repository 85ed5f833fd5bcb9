"""The shape of every refusal, and the request id on every answer."""

from typing import Any

import pytest

from tests.support.addresses import UNKNOWN_UID
from tests.support.arena import Arena
from tests.support.http import Answer, Caller, GamerCaller, StudioCaller

pytestmark = pytest.mark.django_db

MEMBERS = {"type", "title", "status", "detail", "code", "message", "request_id"}


def assert_is_problem(answer: Answer, status: int, code: str, extra: set[str] = frozenset()) -> Any:  # type: ignore[assignment]
    """A whole problem document, and nothing in it that is not said."""
    problem = answer.refused(status, code)
    assert set(problem) == MEMBERS | extra
    assert problem["type"] == "urn:kgen:problem:" + code.lower().replace("_", "-")
    assert (problem["status"], problem["code"], problem["message"]) == (status, code, code)
    assert problem["title"]
    assert problem["detail"]
    assert answer.headers["Cache-Control"] == "no-store"
    return problem


def test_each_family_of_refusals_has_the_same_shape(arena: Arena, settings: Any) -> None:
    play, studio, gamer = f"/fe/esports/tournaments/{arena.uid}", arena.studio, arena.gamer
    assert_is_problem(studio.post("/s2s/session", raw=b"{"), 400, "BAD_REQUEST")
    assert_is_problem(Caller().get("/fe/wallet/balance"), 401, "UN_AUTHORIZED")
    assert_is_problem(gamer.get("/nope"), 404, "NOT_FOUND")
    assert_is_problem(gamer.get(f"/fe/esports/tournaments/{UNKNOWN_UID}"), 404, "TOURNAMENT_NOT_FOUND")
    assert_is_problem(studio.get("/s2s/wallet/nobody/balance"), 404, "RECORD_NOT_FOUND")
    assert_is_problem(gamer.get("/s2s/session"), 405, "METHOD_NOT_ALLOWED")
    assert_is_problem(gamer.join(arena.uid), 409, "EXISTING_PARTICIPATION_FOUND")
    assert_is_problem(studio.post("/s2s/session", raw=b"{}" * 40_000), 413, "PAYLOAD_TOO_LARGE")
    assert_is_problem(studio.post("/s2s/session", raw=b"x", content_type="text/csv"), 415, "UNSUPPORTED_MEDIA_TYPE")
    studio.post("/s2s/esports/tournaments", tournament(), key="k").ok(201)
    again = studio.post("/s2s/esports/tournaments", tournament() | {"title": "Other"}, key="k")
    assert_is_problem(again, 422, "IDEMPOTENCY_KEY_REUSED")
    studio.post("/s2s/gamers/player-1/suspend", {"reason": "r"}).ok()
    assert_is_problem(gamer.post(f"{play}/leave"), 403, "GAMER_SUSPENDED")
    settings.RATE_GAMER_PER_SECOND, settings.RATE_GAMER_BURST = 1, 1
    gamer.get("/fe/wallet/balance")
    assert_is_problem(gamer.get("/fe/wallet/balance"), 429, "RATE_LIMITED", {"retry_after"})


def tournament() -> dict[str, Any]:
    """The least that makes one."""
    return {"title": "T", "buy_in_price": 10, "tournament_size": 5, "ends_at_timestamp": "2030-01-01T00:00:00Z"}


def test_validation_lists_every_fault_by_its_field(studio: StudioCaller) -> None:
    body = {"user_id": 5, "level": "high", "name": ["x"], "rank": 3}
    problem = assert_is_problem(studio.post("/s2s/session", body), 400, "BAD_REQUEST", {"errors"})
    assert {fault["field"]: fault["code"] for fault in problem["errors"]} == {
        "user_id": "invalid",
        "level": "invalid",
        "name": "invalid",
    }
    assert all(set(fault) == {"field", "code", "detail"} and fault["detail"] for fault in problem["errors"])


def test_validation_names_fields_inside_lists_and_objects(arena: Arena) -> None:
    rows = [{"user_id": "a", "value": 1}, {"user_id": "b", "value": 1.5}, {"value": 1}]
    problem = arena.studio.post(f"/s2s/esports/tournaments/{arena.uid}/scores", {"scores": rows}).refused(
        400, "BAD_REQUEST"
    )
    assert [(fault["field"], fault["code"]) for fault in problem["errors"]] == [
        ("scores.1.value", "invalid"),
        ("scores.2.user_id", "required"),
    ]
    body = {"metadata": {"tournamentId": arena.spare_uid}, "payload": {"score": {}}}
    problem = arena.gamer.post(f"/fe/esports/tournaments/{arena.uid}/score", body).refused(400, "BAD_REQUEST")
    assert [fault["field"] for fault in problem["errors"]] == ["payload.score.value"]


def test_a_refusal_never_repeats_a_secret_of_the_request(studio: StudioCaller) -> None:
    token = "kgr_very-secret"
    answers = [
        Caller({"user-jwt-token": token}).get("/fe/wallet/balance"),
        Caller({"x-client-id": studio.client_id, "x-client-secret": token}).get("/s2s/esports/tournaments"),
        Caller().post("/fe/users/auth/token/refresh", {"refresh_token": token}),
        Caller().post("/fe/users/auth/token/refresh", {"refresh_token": [token]}),
    ]
    assert [answer.status for answer in answers] == [401, 401, 401, 400]
    assert all(token.encode() not in answer.content for answer in answers)


def test_a_valid_request_id_of_the_caller_is_kept(gamer: GamerCaller) -> None:
    for sane in ("a", "Z9._-", "x" * 64, "0b9a6f4e-7f0e-4a55-8d5e-9c1f0f6f8f55"):
        headers = {"X-Request-Id": sane}
        assert gamer.get("/fe/wallet/balance", headers=headers).headers["X-Request-Id"] == sane
        problem = gamer.get("/nope", headers=headers)
        assert (problem.headers["X-Request-Id"], problem.json["request_id"]) == (sane, sane)


@pytest.mark.parametrize("odd", ["", " ", "x" * 65, "a b", "a/b", "é", "a\nb", "a;b", "<script>", "a,b"])
def test_an_invalid_request_id_is_replaced(gamer: GamerCaller, odd: str) -> None:
    ids = [gamer.get(path, headers={"X-Request-Id": odd}).headers["X-Request-Id"] for path in ("/nope", "/healthz")]
    assert all(len(fresh) == 32 and set(fresh) <= set("0123456789abcdef") for fresh in ids)
    assert len(set(ids)) == 2


def test_every_answer_has_a_request_id(arena: Arena) -> None:
    answers = [
        arena.gamer.get("/healthz"),
        arena.gamer.get("/fe/wallet/balance"),
        arena.gamer.get("/fe/esports/tournaments/active"),
        arena.studio.post("/s2s/session", {"user_id": "u"}),
        arena.studio.post("/s2s/session"),
        Caller().get("/s2s/session"),
        Caller().get("/static/nothing.css"),
        Caller().get("/schema"),
        Caller().get("/console/"),
        Caller({"Host": "evil.example"}).get("/healthz"),
    ]
    assert [answer.status for answer in answers] == [200, 200, 200, 200, 400, 405, 404, 200, 302, 400]
    assert len({answer.headers["X-Request-Id"] for answer in answers}) == len(answers)

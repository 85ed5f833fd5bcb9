"""How a gamer is stopped: the session ended, the gamer suspended, the client switched off. Each at once."""

from typing import Any

import pytest

from tests.support.http import Answer, Caller, GamerCaller, StudioCaller
from tests.support.rows import snapshot
from users.models import Client, Gamer, GamerSession, Suspension

pytestmark = pytest.mark.django_db

REFRESH = "/fe/users/auth/token/refresh"


def refresh(gamer: GamerCaller) -> Answer:
    """A refresh with the token of the gamer's session."""
    return Caller().post(REFRESH, {"refresh_token": gamer.session["refresh_token"]})


def test_ending_a_session_ends_its_tokens_and_no_others(studio: StudioCaller, gamer: GamerCaller) -> None:
    second, other = studio.gamer("player-1"), studio.gamer("player-2")
    assert studio.delete("/s2s/session", {"user_id": "player-1"}).ok() == {"message": "session ended"}
    for caller in (gamer, second):
        caller.get("/fe/wallet/balance").refused(401, "UN_AUTHORIZED")
        refresh(caller).refused(401, "UN_AUTHORIZED")
    other.balance()
    ended = GamerSession.objects.get(pk=gamer.session["session_id"])
    assert ended.end_reason == "ended by studio"
    assert ended.ended_at is not None


def test_a_session_call_after_the_end_opens_a_new_session(studio: StudioCaller, gamer: GamerCaller) -> None:
    studio.delete("/s2s/session", {"user_id": "player-1"}).ok()
    fresh = studio.gamer("player-1")
    assert fresh.session["session_id"] != gamer.session["session_id"]
    assert (fresh.session["is_new_user"], fresh.buckets()) == (False, (50, 0, 0))
    gamer.get("/fe/wallet/balance").refused(401, "UN_AUTHORIZED")


def test_ending_an_ended_session_changes_nothing(studio: StudioCaller, gamer: GamerCaller) -> None:
    studio.delete("/s2s/session", {"user_id": "player-1"}).ok()
    before = snapshot()
    studio.delete("/s2s/session", {"user_id": "player-1"}).ok()
    studio.delete("/s2s/session", {"user_id": "nobody"}).refused(404, "RECORD_NOT_FOUND")
    studio.delete("/s2s/session").refused(400, "BAD_REQUEST")
    assert snapshot() == before


@pytest.fixture
def suspended(studio: StudioCaller, gamer: GamerCaller) -> tuple[GamerCaller, str]:
    """A gamer who joined a tournament and was suspended then; its uid."""
    uid = studio.tournament()
    gamer.join(uid).ok()
    answer = studio.post("/s2s/gamers/player-1/suspend", {"reason": "cheating"})
    assert answer.ok() == {"message": "gamer suspended"}
    return gamer, uid


def test_a_suspended_gamer_can_open_sessions_refresh_and_read(
    studio: StudioCaller, suspended: tuple[GamerCaller, str]
) -> None:
    gamer, uid = suspended
    again = studio.gamer("player-1", name="Still kept")
    assert again.session["session_id"] == gamer.session["session_id"]
    assert again.session["name"] == "Still kept"
    refresh(gamer).ok()
    for path in (
        "/fe/wallet/balance",
        "/fe/wallet/transactions",
        "/fe/esports/tournaments/active",
        "/fe/esports/tournaments/participated",
        f"/fe/esports/tournaments/{uid}",
        f"/fe/esports/tournaments/{uid}/leaderboard",
        f"/fe/esports/leaderboards/{uid}/leaderboard",
        "/fe/esports/statistics/historic",
    ):
        gamer.get(path).ok()


def test_a_suspended_gamer_cannot_join_leave_or_score(studio: StudioCaller, suspended: tuple[GamerCaller, str]) -> None:
    gamer, uid = suspended
    other_uid = studio.tournament()
    before = snapshot()
    gamer.join(other_uid, key="k").refused(403, "GAMER_SUSPENDED")
    gamer.leave(uid, key="k").refused(403, "GAMER_SUSPENDED")
    gamer.score(uid, 5, key="k").refused(403, "GAMER_SUSPENDED")
    assert snapshot() == before


def test_a_suspended_gamers_row_in_bulk_scores_is_refused_alone(
    studio: StudioCaller, suspended: tuple[GamerCaller, str]
) -> None:
    gamer, uid = suspended
    studio.gamer("player-2").join(uid).ok()
    rows = [{"user_id": "player-1", "value": 9}, {"user_id": "player-2", "value": 8}]
    results = studio.post(f"/s2s/esports/tournaments/{uid}/scores", {"scores": rows}).ok()["results"]
    assert results == [
        {"user_id": "player-1", "status": "refused", "code": "GAMER_SUSPENDED"},
        {"user_id": "player-2", "status": "accepted", "score": 8},
    ]
    assert gamer.board(uid)["me"] is None


def test_deposits_and_refunds_reach_a_suspended_gamer(studio: StudioCaller, suspended: tuple[GamerCaller, str]) -> None:
    gamer, uid = suspended
    studio.deposit("player-1", 7, "r").ok(201)
    assert gamer.buckets() == (40, 7, 0)
    studio.post(f"/s2s/esports/tournaments/{uid}/cancel").ok()
    assert gamer.buckets() == (50, 7, 0)


def test_a_lifted_suspension_ends_and_both_events_are_recorded(
    studio: StudioCaller, suspended: tuple[GamerCaller, str]
) -> None:
    gamer, uid = suspended
    before = snapshot()
    studio.post("/s2s/gamers/player-1/suspend", {"reason": "again"}).ok()
    assert snapshot() == before
    assert studio.post("/s2s/gamers/player-1/lift", {"reason": "mistake"}).ok() == {"message": "suspension lifted"}
    after = snapshot()
    studio.post("/s2s/gamers/player-1/lift", {"reason": "again"}).ok()
    assert snapshot() == after
    gamer.score(uid, 5).ok()
    [record] = Suspension.objects.all()
    assert (record.reason, record.lift_reason) == ("cheating", "mistake")
    assert record.lifted_at is not None
    assert record.lifted_at > record.started_at
    assert Gamer.objects.get().suspended_at is None
    studio.post("/s2s/gamers/player-1/suspend", {"reason": "third"}).ok()
    assert Suspension.objects.count() == 2
    gamer.score(uid, 5).refused(403, "GAMER_SUSPENDED")


def every_call(studio: StudioCaller, gamer: GamerCaller, uid: str) -> list[Answer]:
    """All that either side of a game may call."""
    play, manage = f"/fe/esports/tournaments/{uid}", f"/s2s/esports/tournaments/{uid}"
    terms: dict[str, Any] = {
        "title": "T",
        "buy_in_price": 1,
        "tournament_size": 2,
        "ends_at_timestamp": "2030-01-01T00:00:00Z",
    }
    reads = [
        "/fe/wallet/balance",
        "/fe/wallet/transactions",
        "/fe/esports/statistics/historic",
        play,
        f"{play}/leaderboard",
    ]
    reads += ["/fe/esports/tournaments/active", "/fe/esports/tournaments/participated"]
    studio_reads = ["/s2s/esports/tournaments", manage, f"{manage}/leaderboard", "/s2s/wallet/player-1/balance"]
    return [
        *(gamer.get(path) for path in reads),
        gamer.join(uid),
        gamer.leave(uid),
        gamer.score(uid, 1),
        refresh(gamer),
        *(studio.get(path) for path in [*studio_reads, "/s2s/wallet/player-1/transactions"]),
        studio.post("/s2s/session", {"user_id": "player-1"}),
        studio.post("/api/v1/session", {"user_id": "player-9"}),
        studio.delete("/s2s/session", {"user_id": "player-1"}),
        studio.post("/s2s/esports/tournaments", terms),
        studio.patch(manage, {"title": "x"}),
        studio.post(f"{manage}/cancel"),
        studio.post(f"{manage}/scores", {"scores": [{"user_id": "player-1", "value": 1}]}),
        studio.deposit("player-1", 1, "r"),
        studio.post("/s2s/wallet/deposits/r/reverse"),
        studio.post("/s2s/gamers/player-1/suspend", {"reason": "r"}),
        studio.post("/s2s/gamers/player-1/lift", {"reason": "r"}),
    ]


def test_a_switched_off_client_gets_401_until_it_is_switched_on_again(
    studio: StudioCaller, gamer: GamerCaller, other_studio: StudioCaller
) -> None:
    uid = studio.tournament()
    Client.objects.filter(pk=studio.client_id).update(active=False)
    before = snapshot()
    answers = every_call(studio, gamer, uid)
    assert len(answers) == 27
    for answer in answers:
        answer.refused(401, "UN_AUTHORIZED")
    assert snapshot() == before
    other_studio.gamer("u").balance()
    Client.objects.filter(pk=studio.client_id).update(active=True)
    gamer.join(uid).ok()
    refresh(gamer).ok()
    studio.get("/s2s/esports/tournaments").ok()


def test_a_switched_off_client_gets_the_answer_of_an_unknown_client(studio: StudioCaller, gamer: GamerCaller) -> None:
    same = {"X-Request-Id": "same"}
    unknown = Caller({"x-client-id": "x", "x-client-secret": "y"}).get("/s2s/esports/tournaments", headers=same)
    Client.objects.filter(pk=studio.client_id).update(active=False)
    for caller, path in ((studio, "/s2s/esports/tournaments"), (gamer, "/fe/wallet/balance")):
        assert caller.get(path, headers=same).content == unknown.content

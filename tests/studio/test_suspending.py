"""Suspending a gamer and lifting it: what it bars, what goes on, and that it can be said twice."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.support.http import GamerCaller, StudioCaller
from tests.support.organising import at
from users.models import Gamer, Suspension

pytestmark = pytest.mark.django_db

SUSPENDED = {"message": "gamer suspended"}
LIFTED = {"message": "suspension lifted"}


def suspend(studio: StudioCaller, user_id: str = "ann", reason: str = "cheating") -> Any:
    """Suspend a gamer."""
    return studio.post(f"/s2s/gamers/{quote(user_id, safe='')}/suspend", {"reason": reason}).ok()


def lift(studio: StudioCaller, user_id: str = "ann", reason: str = "appeal") -> Any:
    """Lift it."""
    return studio.post(f"/s2s/gamers/{quote(user_id, safe='')}/lift", {"reason": reason}).ok()


@pytest.fixture
def ann(studio: StudioCaller) -> GamerCaller:
    """A gamer with a session."""
    return studio.gamer("ann")


def test_a_suspended_gamer_cannot_join_leave_or_score(studio: StudioCaller, ann: GamerCaller) -> None:
    inside, outside = studio.tournament(), studio.tournament()
    ann.join(inside).ok()
    assert suspend(studio) == SUSPENDED
    for answer in (ann.join(outside), ann.leave(inside), ann.score(inside, 1)):
        answer.refused(403, "GAMER_SUSPENDED")
    row = {"user_id": "ann", "value": 1}
    results = studio.post(at(inside, "/scores"), {"scores": [row]}).ok()["results"]
    assert results == [{"user_id": "ann", "status": "refused", "code": "GAMER_SUSPENDED"}]
    assert ann.buckets() == (40, 0, 0)
    assert lift(studio) == LIFTED
    ann.join(outside).ok()
    assert studio.post(at(inside, "/scores"), {"scores": [row]}).ok()["results"][0]["status"] == "accepted"


def test_a_suspended_gamer_is_refused_after_not_found_and_before_the_window(
    studio: StudioCaller, ann: GamerCaller
) -> None:
    uid = studio.tournament()
    suspend(studio)
    ann.join("no-such").refused(404, "TOURNAMENT_NOT_FOUND")
    ann.join(uid, 999).refused(403, "GAMER_SUSPENDED")
    ann.score(uid, 1).refused(403, "GAMER_SUSPENDED")
    studio.post(at(uid, "/cancel")).ok()
    ann.join(uid).refused(403, "GAMER_SUSPENDED")


def test_a_suspended_gamer_still_reads_and_keeps_a_session(studio: StudioCaller, ann: GamerCaller) -> None:
    uid = studio.tournament()
    ann.join(uid).ok()
    suspend(studio)
    assert studio.gamer("ann").session["session_id"] == ann.session["session_id"]
    refreshed = ann.post("/fe/users/auth/token/refresh", {"refresh_token": ann.session["refresh_token"]}).ok()
    ann = GamerCaller({"user-jwt-token": refreshed["access_token"]}, "ann")
    for path in (
        "tournaments/active",
        "tournaments/participated",
        f"tournaments/{uid}",
        f"tournaments/{uid}/leaderboard",
        f"leaderboards/{uid}/leaderboard",
        "statistics/historic",
    ):
        assert ann.get(f"/fe/esports/{path}").status == 200
    assert ann.balance()["lazy_balance"] == 40
    assert len(ann.get("/fe/wallet/transactions").ok()["transactions"]) == 2


def test_money_still_reaches_a_suspended_gamer(studio: StudioCaller, ann: GamerCaller) -> None:
    uid = studio.tournament()
    ann.join(uid).ok()
    suspend(studio)
    studio.deposit("ann", 70, "r1").ok(201)
    assert ann.buckets() == (40, 70, 0)
    studio.post(at(uid, "/cancel")).ok()
    assert ann.buckets() == (50, 70, 0)
    studio.post("/s2s/wallet/deposits/r1/reverse").ok()
    assert ann.buckets() == (50, 0, 0)


def test_a_score_from_before_the_suspension_keeps_its_rank(studio: StudioCaller, ann: GamerCaller) -> None:
    uid = studio.tournament()
    ann.join(uid).ok()
    ann.score(uid, 7).ok()
    suspend(studio)
    board = studio.get(at(uid, "/leaderboard")).ok()["leaderboard"]
    assert [(row["user_id"], row["score"]) for row in board] == [("ann", 7)]


def test_a_repeated_suspension_changes_nothing(studio: StudioCaller, ann: GamerCaller) -> None:
    assert lift(studio) == LIFTED
    assert Suspension.objects.count() == 0
    assert suspend(studio, reason="first") == SUSPENDED
    since = Gamer.objects.get().suspended_at
    assert since is not None
    assert suspend(studio, reason="second") == SUSPENDED
    assert Gamer.objects.get().suspended_at == since
    assert lift(studio, reason="one") == lift(studio, reason="two") == LIFTED
    row = Suspension.objects.get()
    assert (row.reason, row.lift_reason, row.started_at == since) == ("first", "one", True)
    suspend(studio, reason="third")
    assert Suspension.objects.filter(lifted_at=None).get().reason == "third"
    assert Suspension.objects.count() == 2


@pytest.mark.parametrize("verb", ["suspend", "lift"])
@pytest.mark.parametrize("body", [None, {}, {"reason": None}, {"reason": ""}, {"reason": 5}, {"reason": "x" * 501}])
def test_a_suspension_needs_a_reason(studio: StudioCaller, ann: GamerCaller, verb: str, body: Any) -> None:
    problem = studio.post(f"/s2s/gamers/ann/{verb}", body).refused(400, "BAD_REQUEST")
    assert [fault["field"] for fault in problem["errors"]] == ["reason"]
    assert Suspension.objects.count() == 0


@pytest.mark.parametrize("verb", ["suspend", "lift"])
def test_a_foreign_gamer_is_not_found(studio: StudioCaller, other_studio: StudioCaller, verb: str) -> None:
    other_studio.gamer("theirs")
    answers = [
        studio.post(f"/s2s/gamers/{name}/{verb}", {"reason": "r"}, headers={"X-Request-Id": "same"})
        for name in ("theirs", "nobody", "%00", "%20theirs", "x" * 500)
    ]
    for answer in answers:
        answer.refused(404, "RECORD_NOT_FOUND")
    assert len({answer.content for answer in answers}) == 1
    assert Suspension.objects.count() == 0


@pytest.mark.parametrize("name", ["a/b", "a/suspend", "suspend", "a/lift/", "ü 1?#%2F", "100%", "..", "a//b", "日本"])
def test_a_gamer_of_any_name_can_be_suspended(studio: StudioCaller, name: str) -> None:
    gamer = studio.gamer(name)
    uid = studio.tournament()
    assert suspend(studio, name) == SUSPENDED
    gamer.join(uid).refused(403, "GAMER_SUSPENDED")
    assert studio.get(f"/s2s/wallet/{quote(name, safe='')}/balance").ok()["lazy_balance"] == 50
    assert lift(studio, name) == LIFTED
    gamer.join(uid).ok()

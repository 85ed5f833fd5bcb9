"""The order of checks: credentials · rate · body · found · suspended · then what each call asks for."""

from typing import Any

import pytest
from django.db.models import F

from esports.models import Tournament
from tests.support.addresses import UNKNOWN_UID
from tests.support.arena import Arena
from tests.support.http import Caller, GamerCaller, StudioCaller
from tests.support.rows import snapshot

pytestmark = pytest.mark.django_db

NO_JSON = b"\xff"


def exhaust(settings: Any, caller: Caller, path: str) -> None:
    """Use up what the caller may call in a second."""
    settings.RATE_GAMER_PER_SECOND, settings.RATE_GAMER_BURST, settings.RATE_CLIENT_PER_SECOND = 1, 20, 1
    while caller.get(path).status != 429:
        pass


def test_credentials_are_checked_before_rate_and_body(arena: Arena, settings: Any) -> None:
    gamer, studio = arena.gamer, arena.studio
    exhaust(settings, gamer, "/fe/wallet/balance")
    exhaust(settings, studio, "/s2s/esports/tournaments")
    path = f"/fe/esports/tournaments/{UNKNOWN_UID}/join"
    Caller({"user-jwt-token": "x"}).post(path, raw=NO_JSON).refused(401, "UN_AUTHORIZED")
    Caller(studio.headers | {"x-client-secret": "x"}).post("/s2s/session", raw=NO_JSON).refused(401, "UN_AUTHORIZED")


def test_rate_is_checked_before_the_body(arena: Arena, settings: Any) -> None:
    exhaust(settings, arena.gamer, "/fe/wallet/balance")
    path = f"/fe/esports/tournaments/{UNKNOWN_UID}/join"
    arena.gamer.post(path, raw=NO_JSON).refused(429, "RATE_LIMITED")
    # A client's window is a second, so it may open again between two calls, but not between all of them.
    refusals = [arena.studio.post("/s2s/session", raw=b"x" * 70_000).code for _ in range(10)]
    assert "RATE_LIMITED" in refusals


def test_the_body_is_checked_before_existence(arena: Arena) -> None:
    play, studio = f"/fe/esports/tournaments/{UNKNOWN_UID}", f"/s2s/esports/tournaments/{UNKNOWN_UID}"
    for path in (f"{play}/join", f"{play}/leave", f"{play}/score"):
        arena.gamer.post(path, raw=NO_JSON).refused(400, "BAD_REQUEST")
        arena.gamer.post(path, raw=b"{}", key="").refused(400, "BAD_REQUEST")
    arena.gamer.join(UNKNOWN_UID, "10").refused(400, "BAD_REQUEST")  # type: ignore[arg-type]
    for path in (f"{studio}/scores", f"{studio}/cancel", "/s2s/gamers/nobody/suspend", "/s2s/gamers/nobody/lift"):
        arena.studio.post(path, raw=NO_JSON).refused(400, "BAD_REQUEST")
    arena.studio.post("/s2s/wallet/deposits/unknown/reverse", raw=NO_JSON).refused(400, "BAD_REQUEST")
    arena.studio.post("/s2s/store-codes/unknown/redeem", raw=NO_JSON).refused(400, "BAD_REQUEST")
    arena.gamer.post("/fe/users/k-store/generate-redirect-uri", raw=NO_JSON).refused(400, "BAD_REQUEST")
    arena.gamer.post("/fe/analytics/px-tracker/events/e/drop", raw=NO_JSON).refused(400, "BAD_REQUEST")
    arena.studio.patch(studio, {"title": 5}).refused(400, "BAD_REQUEST")
    arena.studio.delete("/s2s/session", {"user_id": 5}).refused(400, "BAD_REQUEST")
    body = {"user_id": "nobody", "amount": 0, "reference": "r"}
    arena.studio.post("/s2s/wallet/deposits", body).refused(400, "BAD_REQUEST")
    arena.studio.post("/s2s/wallet/deposits", body | {"amount": 1}, key="é").refused(400, "BAD_REQUEST")


def test_existence_is_checked_before_suspension(arena: Arena) -> None:
    arena.studio.post("/s2s/gamers/player-1/suspend", {"reason": "r"}).ok()
    arena.gamer.join(UNKNOWN_UID).refused(404, "TOURNAMENT_NOT_FOUND")
    arena.gamer.leave(UNKNOWN_UID).refused(404, "TOURNAMENT_NOT_FOUND")
    arena.gamer.score(UNKNOWN_UID, 1).refused(404, "TOURNAMENT_NOT_FOUND")


def test_suspension_is_checked_before_the_calls_own_conditions(arena: Arena) -> None:
    arena.studio.post(f"/s2s/esports/tournaments/{arena.spare_uid}/cancel").ok()
    arena.studio.post("/s2s/gamers/player-1/suspend", {"reason": "r"}).ok()
    before = snapshot()
    for uid in (arena.uid, arena.spare_uid):
        arena.gamer.join(uid, 999).refused(403, "GAMER_SUSPENDED")
        arena.gamer.leave(uid).refused(403, "GAMER_SUSPENDED")
        arena.gamer.score(uid, 1).refused(403, "GAMER_SUSPENDED")
    assert snapshot() == before


def close_joining(uid: str) -> None:
    """The lock came at once: too late to join or leave, not too late for scores."""
    Tournament.objects.filter(pk=uid).update(locks_at=F("starts_at"))


def reopen_joining(uid: str) -> None:
    """The lock is at the end again."""
    Tournament.objects.filter(pk=uid).update(locks_at=F("ends_at"))


def full_cup(studio: StudioCaller) -> tuple[str, GamerCaller]:
    """A tournament whose one seat is taken, by whom it says."""
    uid = studio.tournament(buy_in_price=60, tournament_size=1, min_participants=1)
    holder = studio.gamer("holder")
    studio.deposit("holder", 10, "holder").ok(201)
    holder.join(uid, 60).ok()
    return uid, holder


def test_join_checks_window_stake_existing_full_balance_in_order(studio: StudioCaller) -> None:
    uid, holder = full_cup(studio)
    poor = studio.gamer("poor")
    close_joining(uid)
    holder.join(uid, 1).refused(400, "TOURNAMENT_IS_NOT_LIVE")
    reopen_joining(uid)
    holder.join(uid, 1).refused(400, "TOURNAMENT_INVALID_JOINING_STAKE")
    holder.join(uid, 60).refused(409, "EXISTING_PARTICIPATION_FOUND")
    poor.join(uid, 60).refused(409, "TOURNAMENT_IS_FULL")
    studio.patch(f"/s2s/esports/tournaments/{uid}", {"tournament_size": 2}).ok()
    poor.join(uid, 60).refused(409, "INSUFFICIENT_BALANCE")
    assert (poor.buckets(), holder.buckets()) == ((50, 0, 0), (0, 0, 0))


def test_leave_checks_participation_window_scored_in_order(studio: StudioCaller) -> None:
    uid, holder = full_cup(studio)
    stranger = studio.gamer("stranger")
    holder.score(uid, 1).ok()
    close_joining(uid)
    stranger.leave(uid).refused(404, "TOURNAMENT_PARTICIPATION_NOT_FOUND")
    holder.leave(uid).refused(400, "TOURNAMENT_IS_NOT_LIVE")
    reopen_joining(uid)
    holder.leave(uid).refused(409, "WRONG_STATE")
    assert holder.buckets() == (0, 0, 0)


def test_score_checks_participation_window_source_range_in_order(studio: StudioCaller) -> None:
    uid = studio.tournament(buy_in_price=0, score_source="server", score_max=10)
    gamer, stranger = studio.gamer("u"), studio.gamer("stranger")
    gamer.join(uid, 0).ok()
    later = F("ends_at")
    Tournament.objects.filter(pk=uid).update(starts_at=later, locks_at=later)
    stranger.score(uid, 99).refused(404, "TOURNAMENT_PARTICIPATION_NOT_FOUND")
    gamer.score(uid, 99).refused(400, "TOURNAMENT_IS_NOT_LIVE")
    Tournament.objects.filter(pk=uid).update(starts_at=F("schedules_at"))
    gamer.score(uid, 99).refused(403, "SCORE_SOURCE_NOT_ALLOWED")
    Tournament.objects.filter(pk=uid).update(score_source="any")
    gamer.score(uid, 99).refused(400, "SCORE_OUT_OF_RANGE")
    assert gamer.board(uid)["me"] is None
    gamer.score(uid, 10).ok()

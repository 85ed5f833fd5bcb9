"""Refresh: a new pair for a token, a second chance for a lost answer, and the end of the session for a thief."""

import base64
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from kgen import settings as product
from kgen.clock import database_now
from tests.support.http import Answer, Caller, GamerCaller, StudioCaller
from tests.support.tokens import claims_of
from users.models import GamerSession, RefreshFamily

pytestmark = pytest.mark.django_db

PATH = "/fe/users/auth/token/refresh"


def refresh(token: str) -> Answer:
    """One refresh call; it needs no other credentials."""
    return Caller().post(PATH, {"refresh_token": token})


def pair_of(token: str) -> tuple[str, str]:
    """The new (access, refresh) for a refresh token."""
    answer = refresh(token).ok()
    assert set(answer) == {"access_token", "refresh_token"}
    return answer["access_token"], answer["refresh_token"]


def opens(access: str) -> bool:
    """Whether an access token is taken."""
    return Caller({"user-jwt-token": access}).get("/fe/wallet/balance").status == 200


def grow_older(seconds: float) -> None:
    """Let every rotation be older by so much."""
    RefreshFamily.objects.update(rotated_at=F("rotated_at") - timedelta(seconds=seconds))


def test_a_refresh_keeps_the_session_and_earlier_tokens_valid(gamer: GamerCaller) -> None:
    access, token = pair_of(gamer.session["refresh_token"])
    old, new = claims_of(gamer.session["access_token"]), claims_of(access)
    assert {k: v for k, v in old.items() if k not in ("iat", "exp", "jti", "is_new_user")} == {
        k: v for k, v in new.items() if k not in ("iat", "exp", "jti", "is_new_user")
    }
    assert new["is_new_user"] is False
    assert new["exp"] - new["iat"] == 24 * 3600
    assert token != gamer.session["refresh_token"]
    assert opens(access)
    assert opens(gamer.session["access_token"])


def test_each_new_refresh_token_can_be_refreshed(gamer: GamerCaller) -> None:
    token, seen = gamer.session["refresh_token"], set()
    for _ in range(5):
        seen.add(token)
        access, token = pair_of(token)
        assert opens(access)
    assert token not in seen
    assert len(seen) == 5


def test_a_refresh_repeated_within_10_seconds_gives_the_same_token(gamer: GamerCaller) -> None:
    assert product.REFRESH_GRACE_SECONDS == 10
    first = gamer.session["refresh_token"]
    access, token = pair_of(first)
    grow_older(9)
    for _ in range(3):
        again_access, again_token = pair_of(first)
        assert again_token == token
        assert opens(again_access)
    assert opens(access)
    following_access, _ = pair_of(token)
    assert opens(following_access)
    assert RefreshFamily.objects.get().generation == 2


def test_a_repeated_refresh_does_not_extend_the_10_seconds(gamer: GamerCaller) -> None:
    first = gamer.session["refresh_token"]
    pair_of(first)
    grow_older(6)
    pair_of(first)
    grow_older(6)
    refresh(first).refused(401, "UN_AUTHORIZED")


def test_a_used_refresh_token_after_10_seconds_revokes_the_session(studio: StudioCaller) -> None:
    first, second = studio.gamer("u"), studio.gamer("u")
    access, token = pair_of(first.session["refresh_token"])
    grow_older(11)
    refresh(first.session["refresh_token"]).refused(401, "UN_AUTHORIZED")
    for dead in (access, first.session["access_token"], second.session["access_token"]):
        assert not opens(dead)
    for dead in (token, first.session["refresh_token"], second.session["refresh_token"]):
        refresh(dead).refused(401, "UN_AUTHORIZED")
    assert GamerSession.objects.get().end_reason == "token reused"
    fresh = studio.gamer("u")
    assert fresh.session["session_id"] != first.session["session_id"]
    assert opens(fresh.session["access_token"])


def test_a_token_older_than_the_last_used_one_revokes_the_session(gamer: GamerCaller) -> None:
    first = gamer.session["refresh_token"]
    _, second = pair_of(first)
    _, third = pair_of(second)
    grow_older(11)
    refresh(first).refused(401, "UN_AUTHORIZED")
    refresh(third).refused(401, "UN_AUTHORIZED")
    assert not opens(gamer.session["access_token"])


def test_reusing_a_stolen_token_ends_only_its_session(studio: StudioCaller, gamer: GamerCaller) -> None:
    other = studio.gamer("player-2")
    pair_of(gamer.session["refresh_token"])
    grow_older(11)
    refresh(gamer.session["refresh_token"]).refused(401, "UN_AUTHORIZED")
    assert opens(other.session["access_token"])
    pair_of(other.session["refresh_token"])


def test_each_session_call_starts_a_new_refresh_family(studio: StudioCaller) -> None:
    devices = [studio.gamer("u").session["refresh_token"] for _ in range(3)]
    for token in devices:
        pair_of(token)
    grow_older(11)
    # What one device does makes no other device's token a used one.
    fresh = studio.gamer("u").session["refresh_token"]
    access, following = pair_of(fresh)
    assert opens(access)
    pair_of(following)
    assert RefreshFamily.objects.count() == 4


def test_the_setting_changes_the_grace_period(gamer: GamerCaller, settings: Any) -> None:
    settings.REFRESH_GRACE_SECONDS = 60
    first = gamer.session["refresh_token"]
    _, token = pair_of(first)
    grow_older(50)
    assert pair_of(first)[1] == token


def altered(token: str) -> list[str]:
    """Tokens that are almost this one."""
    kid, body, mac = token.removeprefix("kgr_").split(".")
    raw = base64.urlsafe_b64decode(body + "==")
    next_one = base64.urlsafe_b64encode(raw[:-1] + bytes([raw[-1] + 1])).decode().rstrip("=")
    return [
        token[:-2],
        token + "A",
        token.upper(),
        token.removeprefix("kgr_"),
        f"kgr_{token}",
        f"kgr_{kid}.{next_one}.{mac}",
        f"kgr_{kid}.{body}.",
        f"kgr_{kid}..{mac}",
        f"kgr_.{body}.{mac}",
        f"kgr_k999.{body}.{mac}",
        f"kgr_{kid}.{body}.{mac}.{mac}",
        f"kgr_{kid}.{body}",
        f"kgr_{kid}.ü.{mac}",
        f"kgr_{kid}.{body}.{'A' * 43}",
        "kgr_",
        "kgr_..",
        ".",
        "x" * 500,
    ]


def test_an_invalid_refresh_token_is_refused_and_revokes_nothing(gamer: GamerCaller) -> None:
    token = gamer.session["refresh_token"]
    for wrong in [*altered(token), gamer.session["access_token"], "x" * 4000]:
        refresh(wrong).refused(401, "UN_AUTHORIZED")
    for body in (
        {},
        {"refresh_token": None},
        {"refresh_token": 5},
        {"refresh_token": ""},
        {"refresh_token": "x" * 4001},
    ):
        [fault] = Caller().post(PATH, body).refused(400, "BAD_REQUEST")["errors"]
        assert fault["field"] == "refresh_token"
    assert opens(gamer.session["access_token"])
    pair_of(token)


def test_an_access_token_is_refused_as_a_refresh_token(gamer: GamerCaller) -> None:
    access = gamer.session["access_token"]
    for text in (access, f"kgr_{access}"):
        refresh(text).refused(401, "UN_AUTHORIZED")
    assert RefreshFamily.objects.count() == 0


def test_a_refresh_extends_the_session(gamer: GamerCaller) -> None:
    GamerSession.objects.update(
        started_at=F("started_at") - timedelta(days=29), expires_at=F("expires_at") - timedelta(days=29)
    )
    pair_of(gamer.session["refresh_token"])
    assert GamerSession.objects.get().expires_at - database_now() > timedelta(days=29)

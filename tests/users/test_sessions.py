"""The session call: what the first one makes, what each one answers, and how long a session lives."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from kgen import settings as product
from kgen.clock import database_now
from tests.support.calls import SESSION_TEXTS
from tests.support.http import GamerCaller, StudioCaller
from users.models import Client, Gamer, GamerSession
from users.services import expire_sessions
from wallet.models import Transaction, Wallet

pytestmark = pytest.mark.django_db

PATHS = ["/s2s/session", "/api/v1/session"]
ANSWER = {
    "session_id", "user_id", "level", "rank", "indigg_id", "indigg_wallet_address", "third_party_client_id",
    "third_party_client_name", "namespaced_third_party_user_id", "wallet_address", "is_new_user", "access_token",
    "refresh_token", "linked_phone", "session_start_time", "token", "gamer_id", "appId", "linkedMobileNumber",
    *SESSION_TEXTS,
}  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_the_first_call_creates_a_gamer_and_answers_every_field(studio: StudioCaller, path: str) -> None:
    session = studio.post(path, {"user_id": "u"}).ok()
    gamer = Gamer.objects.select_related("wallet", "client").get()
    assert set(session) == ANSWER
    assert {name: session[name] for name in SESSION_TEXTS} == dict.fromkeys(SESSION_TEXTS, "")
    assert session | {"access_token": "", "refresh_token": "", "token": "", "session_start_time": ""} == {
        **dict.fromkeys(SESSION_TEXTS, ""),
        "session_id": str(GamerSession.objects.get().pk),
        "user_id": "u",
        "level": 0,
        "rank": 0,
        "indigg_id": None,
        "indigg_wallet_address": "",
        "third_party_client_id": studio.client_id,
        "third_party_client_name": gamer.client.name,
        "namespaced_third_party_user_id": f"{studio.client_id}#u",
        "wallet_address": gamer.wallet.address,
        "is_new_user": True,
        "linked_phone": "",
        "gamer_id": "u",
        "appId": studio.client_id,
        "linkedMobileNumber": "",
        "access_token": "",
        "refresh_token": "",
        "token": "",
        "session_start_time": "",
    }
    assert session["token"] == session["access_token"] != session["refresh_token"]
    assert session["session_start_time"] == GamerSession.objects.get().started_at.isoformat().replace("+00:00", "Z")


def test_the_token_field_of_public_clients_is_a_usable_token(studio: StudioCaller) -> None:
    for path in PATHS:
        token = studio.post(path, {"user_id": "u"}).ok()["token"]
        balance = GamerCaller({"user-jwt-token": token}).balance()
        assert balance["lazy_balance"] == 50


def test_both_addresses_open_the_same_session(studio: StudioCaller) -> None:
    new, old = (studio.post(path, {"user_id": "u"}).ok() for path in PATHS)
    assert (new["is_new_user"], old["is_new_user"]) == (True, False)
    changing = ("is_new_user", "access_token", "refresh_token", "token")
    assert {k: v for k, v in new.items() if k not in changing} == {k: v for k, v in old.items() if k not in changing}


def test_later_calls_keep_the_session_and_earlier_tokens_valid(studio: StudioCaller) -> None:
    sessions = [studio.post("/s2s/session", {"user_id": "u"}).ok() for _ in range(4)]
    assert [session["is_new_user"] for session in sessions] == [True, False, False, False]
    assert len({session["session_id"] for session in sessions}) == 1
    assert len({session["session_start_time"] for session in sessions}) == 1
    assert len({session["access_token"] for session in sessions}) == 4
    assert len({session["refresh_token"] for session in sessions}) == 4
    for session in sessions:
        GamerCaller({"user-jwt-token": session["access_token"]}).balance()
    assert (Gamer.objects.count(), Wallet.objects.count(), GamerSession.objects.count()) == (1, 1, 1)


@pytest.mark.parametrize("bonus", [0, 1, 50, 10**12])
def test_the_welcome_bonus_of_the_clients_settings_is_given_once(
    studio: StudioCaller, client_row: Client, bonus: int
) -> None:
    Client.objects.filter(pk=client_row.pk).update(welcome_bonus=bonus)
    gamer = studio.gamer("u")
    assert gamer.buckets() == (bonus, 0, 0)
    studio.gamer("u")
    assert gamer.buckets() == (bonus, 0, 0)
    assert Transaction.objects.filter(kind="WELCOME_BONUS").count() == (1 if bonus else 0)


def test_the_welcome_bonus_is_50_by_default(client_row: Client) -> None:
    assert Client.objects.create(name="Plain").welcome_bonus == 50


def age_sessions(**age: float) -> None:
    """Let every session be older by so much."""
    by = timedelta(**age)
    GamerSession.objects.update(started_at=F("started_at") - by, expires_at=F("expires_at") - by)


def life_left() -> timedelta:
    """How long the one live session still lives."""
    return GamerSession.objects.get(ended_at=None).expires_at - database_now()


MONTH, MINUTE = timedelta(days=30), timedelta(minutes=1)


def test_a_session_lives_30_days_from_its_last_session_or_refresh_call(studio: StudioCaller) -> None:
    assert product.SESSION_SECONDS == 30 * 24 * 3600
    gamer = studio.gamer("u")
    assert MONTH - MINUTE < life_left() <= MONTH
    age_sessions(days=29)
    again = studio.gamer("u").session
    assert again["session_id"] == gamer.session["session_id"]
    assert MONTH - MINUTE < life_left() <= MONTH
    age_sessions(days=29)
    studio.post("/fe/users/auth/token/refresh", {"refresh_token": again["refresh_token"]}).ok()
    assert MONTH - MINUTE < life_left() <= MONTH
    age_sessions(days=29)
    gamer.balance()
    assert life_left() < timedelta(days=1), "a read is no session call"


def test_an_expired_session_ends_its_tokens_and_the_next_is_new(studio: StudioCaller) -> None:
    gamer = studio.gamer("u")
    age_sessions(days=30, seconds=1)
    gamer.get("/fe/wallet/balance").refused(401, "UN_AUTHORIZED")
    body = {"refresh_token": gamer.session["refresh_token"]}
    studio.post("/fe/users/auth/token/refresh", body).refused(401, "UN_AUTHORIZED")
    fresh = studio.gamer("u")
    assert fresh.session["is_new_user"] is False
    assert fresh.session["session_id"] != gamer.session["session_id"]
    assert fresh.session["session_start_time"] > gamer.session["session_start_time"]
    assert fresh.buckets() == (50, 0, 0)
    gamer.get("/fe/wallet/balance").refused(401, "UN_AUTHORIZED")
    old = GamerSession.objects.get(pk=gamer.session["session_id"])
    assert (old.ended_at, old.end_reason) == (old.expires_at, "expired")


def test_the_setting_changes_the_life_of_a_session(studio: StudioCaller, settings: Any) -> None:
    settings.SESSION_SECONDS = 120
    studio.gamer("u")
    assert timedelta(seconds=100) < life_left() <= timedelta(seconds=120)


def test_the_sweep_ends_expired_sessions_only(studio: StudioCaller) -> None:
    studio.gamer("old")
    age_sessions(days=31)
    young = studio.gamer("young")
    assert (expire_sessions(), expire_sessions()) == (1, 0)
    ended = GamerSession.objects.get(ended_at__isnull=False)
    assert (ended.ended_at, ended.end_reason) == (ended.expires_at, "expired")
    young.balance()

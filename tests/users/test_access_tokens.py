"""Access tokens: what they say, how long they are good for, and that no other token opens anything."""

import time
from typing import Any

import jwt
import pytest
from django.conf import settings as live

from kgen import settings as product
from tests.support.addresses import BALANCE
from tests.support.http import Caller, GamerCaller, StudioCaller
from tests.support.tokens import claims_of, header_of, part, signed
from users.tokens import _signed_claims, read_own_access

pytestmark = pytest.mark.django_db

PERSONAL = {"name": "Ann Person", "email": "ann@example.com", "phonenumber": "+919876543210", "username": "annie"}


def opens(token: str) -> bool:
    """Whether the token is taken; if not it must be the one refusal."""
    answer = Caller({"user-jwt-token": token}).get(BALANCE)
    if answer.status == 200:
        return True
    answer.refused(401, "UN_AUTHORIZED")
    return False


def test_a_token_has_exactly_the_claims_of_the_contract(studio: StudioCaller) -> None:
    session = studio.gamer("u", **PERSONAL).session
    before = time.time()
    claims, header = claims_of(session["access_token"]), header_of(session["access_token"])
    assert header == {"alg": "HS256", "typ": "JWT", "kid": next(iter(live.TOKEN_KEYS))}
    gamer_id = claims["sub"]
    assert len(gamer_id) == 36
    assert len(claims["jti"]) == 32
    assert abs(claims["iat"] - before) < 30
    assert claims == {
        "sub": gamer_id,
        "user_id": "u",
        "gamer_id": "u",
        "client_id": studio.client_id,
        "iss": studio.client_id,
        "iat": claims["iat"],
        "exp": claims["iat"] + 24 * 3600,
        "jti": claims["jti"],
        "sid": session["session_id"],
        "third_party_client_id": studio.client_id,
        "third_party_client_name": session["third_party_client_name"],
        "namespaced_third_party_user_id": f"{studio.client_id}#u",
        "wallet_address": session["wallet_address"],
        "is_new_user": True,
        "indigg_id": None,
        "indigg_wallet_address": "",
    }


def test_a_token_has_no_personal_data(studio: StudioCaller) -> None:
    session = studio.gamer("u", **PERSONAL).session
    body = {"refresh_token": session["refresh_token"]}
    fresh = Caller().post("/fe/users/auth/token/refresh", body).ok()["access_token"]
    for token in (session["access_token"], fresh):
        said = str(claims_of(token)) + str(header_of(token))
        assert not [value for value in PERSONAL.values() if value in said]
        assert not {"phone", "phonenumber", "email", "name", "username", "linked_phone"} & set(claims_of(token))


def test_claims_are_a_snapshot_and_each_token_has_a_unique_id(studio: StudioCaller) -> None:
    first, second = (claims_of(studio.gamer("u").session["access_token"]) for _ in range(2))
    assert (first["is_new_user"], second["is_new_user"]) == (True, False)
    assert first["jti"] != second["jti"]
    assert (first["sub"], first["sid"]) == (second["sub"], second["sid"])


def test_a_token_expires_after_24_hours(gamer: GamerCaller) -> None:
    assert product.ACCESS_TOKEN_SECONDS == 24 * 3600
    claims, now = claims_of(gamer.session["access_token"]), int(time.time())
    assert opens(signed(claims, iat=now - 86_000, exp=now + 60))
    assert not opens(signed(claims, iat=now - 86_400, exp=now))
    assert not opens(signed(claims, exp=now - 1))
    assert not opens(signed(claims, exp="tomorrow"))


@pytest.mark.parametrize("claim", ["exp", "iat", "iss", "sub", "sid", "jti"])
def test_a_token_without_a_required_claim_is_refused(gamer: GamerCaller, claim: str) -> None:
    claims = claims_of(gamer.session["access_token"])
    assert opens(signed(claims))
    assert not opens(signed(claims, **{claim: None}))


def test_a_token_that_mixes_sessions_gamers_or_clients_is_refused(
    studio: StudioCaller, other_studio: StudioCaller
) -> None:
    own = claims_of(studio.gamer("u").session["access_token"])
    for other in (studio.gamer("v"), other_studio.gamer("u")):
        theirs = claims_of(other.session["access_token"])
        assert opens(signed(theirs))
        assert not opens(signed(own, sid=theirs["sid"]))
        assert not opens(signed(own, sub=theirs["sub"]))
        if theirs["iss"] != own["iss"]:
            assert not opens(signed(own, iss=theirs["iss"]))
    for odd in ("x", "", 5, ["x"], {"a": 1}):
        for claim in ("sid", "sub", "iss"):
            assert not opens(signed(own, **{claim: odd})), (claim, odd)


def test_the_server_trusts_its_database_and_not_the_claims(studio: StudioCaller) -> None:
    claims = claims_of(studio.gamer("u").session["access_token"])
    rich = signed(claims, user_id="somebody else", wallet_address="0x" + "1" * 40, client_id="x", is_new_user=True)
    balance = Caller({"user-jwt-token": rich}).get(BALANCE).ok()
    assert balance["wallet_address"] == claims["wallet_address"]


def test_a_forged_token_is_refused(gamer: GamerCaller) -> None:
    token = gamer.session["access_token"]
    claims, (kid, key) = claims_of(token), next(iter(live.TOKEN_KEYS.items()))
    head, body, mac = token.split(".")
    forged = {
        "another key": jwt.encode(claims, b"x" * 32, algorithm="HS256", headers={"kid": kid}),
        "Django's key": jwt.encode(claims, live.SECRET_KEY, algorithm="HS256", headers={"kid": kid}),
        "an unknown kid": jwt.encode(claims, key, algorithm="HS256", headers={"kid": "k999"}),
        "no kid": jwt.encode(claims, key, algorithm="HS256"),
        "alg none": f"{part({'alg': 'none', 'typ': 'JWT', 'kid': kid})}.{body}.",
        "alg None": f"{part({'alg': 'None', 'typ': 'JWT', 'kid': kid})}.{body}.",
        "alg none, our MAC": f"{part({'alg': 'none', 'typ': 'JWT', 'kid': kid})}.{body}.{mac}",
        "another algorithm": jwt.encode(claims, key + key, algorithm="HS512", headers={"kid": kid}),
        "the right key, another algorithm": jwt.encode(claims, key * 2, algorithm="HS384", headers={"kid": kid}),
        "no algorithm": f"{part({'typ': 'JWT', 'kid': kid})}.{body}.{mac}",
        "a kid that is a list": f"{part({'alg': 'HS256', 'kid': [kid]})}.{body}.{mac}",
        "a critical extension": f"{part({'alg': 'HS256', 'kid': kid, 'crit': ['exp']})}.{body}.{mac}",
        "claims changed": f"{head}.{part(claims | {'sub': claims['sid']})}.{mac}",
        "claims that are a list": f"{head}.{part([claims])}.{mac}",
        "no MAC": f"{head}.{body}.",
        "two parts": f"{head}.{body}",
        "four parts": f"{token}.{mac}",
        "a deep header": f"{part({'alg': 'HS256', 'kid': kid})[:-2]}{'W1tb' * 10_000}.{body}.{mac}",
        "encrypted": f"{head}.{body}.{mac}.{body}.{mac}",
    }
    assert [name for name, text in forged.items() if opens(text)] == []
    assert opens(token)


def test_a_refresh_token_is_refused_as_an_access_token(gamer: GamerCaller) -> None:
    assert not opens(gamer.session["refresh_token"])
    assert not opens(gamer.session["refresh_token"].removeprefix("kgr_"))


def test_a_token_of_the_previous_key_is_accepted_until_the_key_is_removed(studio: StudioCaller, settings: Any) -> None:
    [(old_kid, old_key)] = list(live.TOKEN_KEYS.items())[:1]
    before = studio.gamer("u").session
    settings.TOKEN_KEYS = {"new1": b"n" * 32, old_kid: old_key}
    after = studio.gamer("u").session
    assert header_of(after["access_token"])["kid"] == "new1"
    assert opens(before["access_token"])
    assert opens(after["access_token"])
    rotated = Caller().post("/fe/users/auth/token/refresh", {"refresh_token": before["refresh_token"]}).ok()
    assert header_of(rotated["access_token"])["kid"] == "new1"
    settings.TOKEN_KEYS = {"new1": b"n" * 32}
    assert not opens(before["access_token"])
    assert opens(after["access_token"])
    assert opens(rotated["access_token"])
    Caller().post("/fe/users/auth/token/refresh", {"refresh_token": rotated["refresh_token"]}).ok()
    settings.TOKEN_KEYS = {"new1": b"m" * 32}
    assert not opens(after["access_token"])


def test_a_token_signed_with_djangos_secret_is_refused() -> None:
    assert live.SECRET_KEY.encode() not in live.TOKEN_KEYS.values()
    assert all(len(key) >= 32 for key in live.TOKEN_KEYS.values())


def test_an_expired_token_or_one_of_a_removed_key_is_refused(
    gamer: GamerCaller, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = gamer.session["access_token"]
    assert read_own_access(token) is not None
    with monkeypatch.context() as later:
        later.setattr(time, "time", lambda: float(claims_of(token)["exp"]))
        assert read_own_access(token) is None
    assert opens(token)
    settings.TOKEN_KEYS = dict.fromkeys(settings.TOKEN_KEYS, b"another" * 5)
    assert not opens(token)
    settings.TOKEN_KEYS = {"other": b"another" * 5}
    assert not opens(token)


def test_foreign_tokens_are_not_cached(gamer: GamerCaller) -> None:
    token = gamer.session["access_token"]
    assert opens(token)
    kept = _signed_claims.cache_info().currsize
    head, payload, signature = token.split(".")
    for number in range(20):
        assert read_own_access(f"{head}.{payload}{number}.{signature}") is None
        assert read_own_access(f"{head}.{number}{'x' * 5_000}.{signature}") is None
    assert _signed_claims.cache_info().currsize == kept

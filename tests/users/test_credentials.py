"""Who calls: every spelling of both kinds of credentials, and one answer for every fault of theirs."""

import uuid
from typing import Any

import pytest

from tests.support.addresses import BALANCE, TOURNAMENTS
from tests.support.http import Answer, Caller, GamerCaller, StudioCaller
from users.services import issue_secret

pytestmark = pytest.mark.django_db

SPELLINGS = [("x-client-id", "x-client-secret"), ("x-clientID", "x-clientSecret"), ("clientID", "clientSecret")]


def test_each_spelling_of_a_studios_credentials_is_accepted(studio: StudioCaller) -> None:
    for id_name, _ in SPELLINGS:
        for _, secret_name in SPELLINGS:
            caller = Caller({id_name: studio.client_id, secret_name: studio.secret})
            caller.get(TOURNAMENTS).ok()
            caller.post("/s2s/session", {"user_id": "u"}).ok()
    every = {name: studio.client_id for name, _ in SPELLINGS} | {name: studio.secret for _, name in SPELLINGS}
    Caller(every).get(TOURNAMENTS).ok()


def test_two_different_spellings_of_credentials_are_refused(studio: StudioCaller, other_studio: StudioCaller) -> None:
    second = issue_secret(client_id=uuid.UUID(studio.client_id))
    Caller(studio.headers | {"x-client-secret": second}).get(TOURNAMENTS).ok()
    for odd in (
        {"clientID": other_studio.client_id},
        {"x-clientID": str(uuid.uuid4())},
        {"x-clientID": ""},
        {"clientSecret": other_studio.secret},
        # Even where both are right.
        {"x-clientSecret": second},
    ):
        Caller(studio.headers | odd).get(TOURNAMENTS).refused(401, "UN_AUTHORIZED")


def test_a_gamers_token_is_accepted_in_either_header(gamer: GamerCaller) -> None:
    token = gamer.session["access_token"]
    for headers in (
        {"user-jwt-token": token},
        {"User-JWT-Token": token},
        {"Authorization": f"Bearer {token}"},
        {"Authorization": f"bearer {token}"},
        {"user-jwt-token": token, "Authorization": f"Bearer {token}"},
    ):
        Caller(headers).get(BALANCE).ok()


def test_two_different_tokens_are_refused_even_if_both_are_valid(studio: StudioCaller) -> None:
    first, second = (studio.gamer("u").session["access_token"] for _ in range(2))
    foreign = studio.gamer("v").session["access_token"]
    for token in (first, second):
        Caller({"user-jwt-token": token}).get(BALANCE).ok()
    for other in (second, foreign, "x"):
        headers = {"user-jwt-token": first, "Authorization": f"Bearer {other}"}
        Caller(headers).get(BALANCE).refused(401, "UN_AUTHORIZED")


@pytest.mark.parametrize(
    "authorization",
    ["{token}", "Basic {token}", "Bearer", "Bearer ", "Bearer {token} x", "Bearer{token}", "Token {token}"],
)
def test_a_malformed_authorization_is_refused(gamer: GamerCaller, authorization: str) -> None:
    text = authorization.format(token=gamer.session["access_token"])
    Caller({"Authorization": text}).get(BALANCE).refused(401, "UN_AUTHORIZED")


def test_every_fault_of_credentials_has_the_same_answer(studio: StudioCaller, gamer: GamerCaller) -> None:
    other_case = studio.secret.swapcase()
    studio_faults: list[dict[str, str]] = [
        {},
        {"x-client-id": studio.client_id},
        {"x-client-secret": studio.secret},
        {"x-client-id": "", "x-client-secret": ""},
        {"x-client-id": studio.client_id, "x-client-secret": ""},
        {"x-client-id": studio.client_id, "x-client-secret": "wrong"},
        {"x-client-id": studio.client_id, "x-client-secret": other_case},
        {"x-client-id": studio.client_id, "x-client-secret": studio.secret[:-1]},
        {"x-client-id": studio.client_id, "x-client-secret": studio.secret + "A"},
        {"x-client-id": str(uuid.uuid4()), "x-client-secret": studio.secret},
        {"x-client-id": "no uuid", "x-client-secret": studio.secret},
        {"x-client-id": uuid.UUID(studio.client_id).hex, "x-client-secret": studio.secret},
        {"x-client-id": f"{studio.client_id},{studio.client_id}", "x-client-secret": studio.secret},
        {"user-jwt-token": gamer.session["access_token"]},
    ]
    token = gamer.session["access_token"]
    gamer_faults: list[dict[str, str]] = [
        {},
        {"user-jwt-token": ""},
        {"user-jwt-token": token[:-2]},
        {"user-jwt-token": f"{token},{token}"},
        {"user-jwt-token": "a.b.c"},
        {"user-jwt-token": gamer.session["refresh_token"]},
        {"Authorization": f"Basic {token}"},
        studio.headers,
    ]
    contents = {answer_of(faults, TOURNAMENTS).content for faults in studio_faults}
    contents |= {answer_of(faults, BALANCE).content for faults in gamer_faults}
    contents.add(refreshed("kgr_x.y.z").content)
    assert len(contents) == 1


def answer_of(headers: dict[str, str], path: str) -> Answer:
    """The refusal of these credentials."""
    answer = Caller(headers).get(path, headers={"X-Request-Id": "same"})
    answer.refused(401, "UN_AUTHORIZED")
    return answer


def refreshed(token: Any) -> Answer:
    """The answer to a refresh."""
    return Caller().post("/fe/users/auth/token/refresh", {"refresh_token": token}, headers={"X-Request-Id": "same"})

"""A secret of kind sessions stands in a web page: it opens sessions of gamers that were made with one, and no more."""

from uuid import UUID

import pytest

from tests.support.http import Caller, StudioCaller
from tests.support.rows import snapshot
from users.errors import LastSecret
from users.models import ClientSecret, Gamer, SecretKind
from users.services import issue_secret, revoke_secret

pytestmark = pytest.mark.django_db


def page_of(studio: StudioCaller) -> Caller:
    """A caller with a new secret for pages."""
    secret = issue_secret(client_id=UUID(studio.client_id), kind=SecretKind.SESSIONS)
    return Caller({"x-client-id": studio.client_id, "x-client-secret": secret})


def test_a_page_opens_the_sessions_of_its_visitors(studio: StudioCaller) -> None:
    page = page_of(studio)
    first = page.post("/s2s/session", {"user_id": "visitor", "name": "V"}).ok()
    again = page.post("/api/v1/session", {"gamer_id": "visitor"}).ok()
    assert (first["is_new_user"], again["is_new_user"], again["name"]) == (True, False, "V")
    # A second secret of the kind opens the same gamers, and so does the studio's server.
    assert page_of(studio).post("/s2s/session", {"user_id": "visitor"}).ok()["session_id"] == first["session_id"]
    assert studio.post("/s2s/session", {"user_id": "visitor"}).ok()["session_id"] == first["session_id"]
    assert Gamer.objects.get(user_id="visitor").made_by_page


def test_a_page_opens_no_gamer_that_the_studios_server_made(studio: StudioCaller) -> None:
    page = page_of(studio)
    studio.gamer("regular", name="R")
    # The time of a secret's last use is kept to the minute.
    page.post("/s2s/session", {"user_id": "visitor"}).ok()
    before = snapshot()
    page.post("/s2s/session", {"user_id": "regular", "name": "hijacked"}).refused(401, "UN_AUTHORIZED")
    assert snapshot() == before
    assert not Gamer.objects.get(user_id="regular").made_by_page


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/s2s/session"),
        ("GET", "/s2s/esports/tournaments"),
        ("POST", "/s2s/esports/tournaments"),
        ("POST", "/s2s/wallet/deposits"),
        ("GET", "/s2s/wallet/visitor/balance"),
        ("POST", "/s2s/gamers/visitor/suspend"),
        ("GET", "/s2s/webhooks"),
    ],
)
def test_a_secret_for_pages_opens_nothing_else(studio: StudioCaller, method: str, path: str) -> None:
    page = page_of(studio)
    page.post("/s2s/session", {"user_id": "visitor"}).ok()
    body = {"user_id": "visitor", "reason": "x", "amount": 5, "reference": "r"}
    page.call(method, path, body if method != "GET" else None).refused(401, "UN_AUTHORIZED")


def test_secrets_of_each_kind_rotate_by_themselves(studio: StudioCaller) -> None:
    first, second, third = (page_of(studio) for _ in range(3))
    first.post("/s2s/session", {"user_id": "v"}).refused(401, "UN_AUTHORIZED")
    for caller in (second, third, studio):
        caller.post("/s2s/session", {"user_id": "v"}).ok()
    client_id = UUID(studio.client_id)
    for secret in ClientSecret.objects.filter(kind=SecretKind.SESSIONS, revoked_at=None):
        revoke_secret(client_id=client_id, secret_id=secret.pk)
    third.post("/s2s/session", {"user_id": "v"}).refused(401, "UN_AUTHORIZED")
    with pytest.raises(LastSecret):
        revoke_secret(client_id=client_id, secret_id=ClientSecret.objects.get(kind="server", revoked_at=None).pk)
    studio.post("/s2s/session", {"user_id": "v"}).ok()

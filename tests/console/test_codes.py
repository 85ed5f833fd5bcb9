"""The list of phone codes: what became of each, no number in full, nothing that helps to guess a code."""

from datetime import timedelta
from typing import Any

import pytest

from kgen.admin_site.roles import Role
from kgen.clock import database_now
from tests.support.http import StudioCaller
from tests.support.operators import logged_in, operator_in
from tests.support.withdrawals import PHONE, row_of
from users.models import Client, PhoneChallenge, SmsMessage

pytestmark = pytest.mark.django_db

LIST = "/console/users/phonechallenge/"


def code(studio: StudioCaller, name: str, **message: Any) -> PhoneChallenge:
    """A code whose message stands like that."""
    gamer, now = row_of(studio.gamer(name)), database_now()
    used_at = now if message.pop("used", False) else None
    made = PhoneChallenge.objects.create(
        client_id=gamer.client_id,
        gamer=gamer,
        phone=PHONE,
        number_range="+919876",
        auth_code="4711",
        digest=b"digest",
        created_at=now,
        expires_at=now,
        used_at=used_at,
    )
    SmsMessage.objects.create(challenge=made, due_at=now, **message)
    return made


@pytest.mark.parametrize(
    ("outcome", "names"),
    [("sent", {"ann", "bob"}), ("used", {"bob"}), ("given_up", {"cy"}), ("waiting", {"dan"}), ("nope", None)],
)
def test_each_code_is_listed_with_its_outcome(studio: StudioCaller, outcome: str, names: set[str] | None) -> None:
    now = database_now()
    code(studio, "ann", sent_at=now)
    code(studio, "bob", sent_at=now, used=True)
    code(studio, "cy", given_up_at=now)
    code(studio, "dan", nonce=b"nonce")
    page = logged_in(operator_in(Role.VIEWER)).get(f"{LIST}?message={outcome}").content.decode()
    assert {name for name in ("ann", "bob", "cy", "dan") if f">{name}</a>" in page} == (
        {"ann", "bob", "cy", "dan"} if names is None else names
    )


def test_the_list_shows_nothing_that_helps_to_guess_a_code(studio: StudioCaller) -> None:
    made = code(studio, "ann", sent_at=database_now() - timedelta(minutes=1))
    browser = logged_in(operator_in(Role.ADMIN))
    for path in (LIST, f"{LIST}{made.pk}/change/"):
        page = browser.get(path).content.decode()
        assert "+91•••" in page or "•••" in page
        for secret in (PHONE, PHONE[1:], "919876", "4711", "digest", "nonce"):
            assert secret not in page, (path, secret)


def test_other_clients_codes_are_unknown(studio: StudioCaller, other_studio: StudioCaller, client_row: Client) -> None:
    code(studio, "mine", sent_at=database_now())
    foreign = code(other_studio, "theirs", sent_at=database_now())
    browser = logged_in(operator_in(Role.SUPPORT, client_row))
    page = browser.get(LIST).content.decode()
    assert (">mine</a>" in page, ">theirs</a>" in page) == (True, False)
    assert "exist" in browser.get(f"{LIST}{foreign.pk}/change/", follow=True).content.decode()

"""What operators see of links, and do about them."""

from typing import Any

import pytest

from tests.support.http import GamerCaller
from tests.support.phones import Phone
from users.models import Gamer, Operator, PhoneLink

pytestmark = pytest.mark.django_db
GAMERS = "/console/users/gamer/"


@pytest.fixture
def operator(client: Any) -> Any:
    """A browser in which an operator is logged in."""
    client.force_login(Operator.objects.create_superuser("olga", password="x"))
    return client


def unlink(operator: Any, **fields: Any) -> str:
    form = {"action": "unlink_phone", "_selected_action": [str(Gamer.objects.get().pk)]} | fields
    return operator.post(GAMERS, form, follow=True).content.decode()  # type: ignore[no-any-return]


def test_an_operator_unlinks_with_a_reason(operator: Any, gamer: GamerCaller, phone: Phone) -> None:
    phone.link(gamer).ok()
    page = operator.get(f"{GAMERS}{Gamer.objects.get().pk}/change/", follow=True).content.decode()
    assert "+91••••••••01" in page
    assert "+918000000001" not in page
    assert "Give a reason" in unlink(operator, reason=" ")
    assert "done" in unlink(operator, reason="lost phone")
    link = PhoneLink.objects.get()
    assert (link.unlinked_by, link.unlink_reason) == ("operator olga", "lost phone")
    assert Gamer.objects.get().kgen_account is None


def test_a_refusal_is_shown(operator: Any, gamer: GamerCaller, phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    phone.link(gamer).ok()
    monkeypatch.setattr("users.services.phone_links.has_open_withdrawal", lambda wallet_id: True)
    assert "The gamer has an open withdrawal" in unlink(operator, reason="lost phone")
    assert Gamer.objects.get().kgen_account

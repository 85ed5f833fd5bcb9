"""The console: every page opens, and money cannot be touched there."""

import re

import pytest
from django.contrib import admin
from django.test import Client as Browser
from django.urls import reverse

from tests.support.http import StudioCaller
from users.models import Client, ClientSecret, Operator
from users.selectors import client_of_secret
from wallet.models import Wallet

pytestmark = pytest.mark.django_db

READ_ONLY = ["wallet.wallet", "wallet.transaction", "users.gamer", "esports.tournament"]


@pytest.fixture
def browser() -> Browser:
    """An operator's browser, logged in."""
    browser = Browser()
    browser.force_login(Operator.objects.create_superuser("ann", password="a long enough password"))
    return browser


@pytest.fixture
def played(studio: StudioCaller) -> str:
    """A tournament with a gamer in it."""
    uid = studio.tournament()
    studio.gamer("ann").join(uid).ok()
    return uid


def test_an_operator_logs_in_with_the_password(played: str) -> None:
    Operator.objects.create_superuser("bob", password="a long enough password")
    browser = Browser()
    assert browser.get("/console/").status_code == 302
    sent = {"username": "bob", "password": "a long enough password", "next": "/console/"}
    assert browser.post("/console/login/", sent).headers["Location"] == "/console/"
    assert b"Tournaments" in browser.get("/console/").content


def test_every_list_page_and_row_page_opens(browser: Browser, played: str) -> None:
    opened = 0
    for model, registered in admin.site._registry.items():
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        listed = browser.get(reverse(f"admin:{name}_changelist"))
        assert listed.status_code == 200, name
        row = registered.model.objects.first()
        if row is not None:
            page = browser.get(reverse(f"admin:{name}_change", args=[row.pk]), follow=True)
            assert page.status_code == 200, name
            opened += 1
    assert opened >= len(READ_ONLY)


@pytest.mark.parametrize("label", READ_ONLY)
def test_money_and_play_are_read_only(browser: Browser, played: str, label: str) -> None:
    app, model = label.split(".")
    page = reverse(f"admin:{app}_{model}_changelist")
    row = next(m for m in admin.site._registry if m._meta.label_lower == label).objects.first()
    for path in (f"{page}add/", f"{page}{row.pk}/delete/"):
        assert browser.get(path).status_code == 403
    assert browser.post(f"{page}{row.pk}/change/", {}).status_code == 403


def test_a_client_with_money_is_not_deleted(browser: Browser, played: str) -> None:
    client = Client.objects.get()
    assert browser.post(f"/console/users/client/{client.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_new_secret_is_shown_once_and_works(browser: Browser, client_row: Client) -> None:
    shown = f"/console/studios/clients/{client_row.pk}/"
    page = browser.post(shown, {"do": "issue", "newest": 0, "reason": "go live"}).content.decode()
    secret = re.search(r"kgs_[A-Za-z0-9_-]{43}", page)
    assert secret
    assert client_of_secret(str(client_row.pk), secret.group())[0] == client_row
    assert secret.group() not in browser.get(shown).content.decode()
    assert "issue_secret" not in browser.get("/console/users/client/").content.decode()
    assert ClientSecret.objects.get().hint == secret.group()[:10]


def test_the_search_finds_a_wallet_by_its_address(browser: Browser, played: str) -> None:
    address = Wallet.objects.get().address
    assert address in browser.get("/console/wallet/wallet/", {"q": address}).content.decode()

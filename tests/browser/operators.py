"""What an operator does to get in, in a browser."""

import time
from base64 import b32decode
from datetime import UTC, datetime, timedelta

from django_otp.oath import TOTP
from playwright.sync_api import Page


def code_of(secret: str, *, steps_ahead: int = 0) -> str:
    """What an authenticator shows that was given this secret, now or one step of 30 s later."""
    clock = TOTP(b32decode(secret.replace(" ", "")))
    clock.time = time.time() + 30 * steps_ahead
    return f"{clock.token():06}"


def give_password(page: Page, console: str, name: str, password: str) -> None:
    """The first step."""
    page.goto(console)
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", password)
    page.click("#login-form button[type=submit]")


def give_code(page: Page, code: str) -> None:
    """The second step."""
    page.fill("input[name=code]", code)
    page.click("#code-form button[type=submit]")


def enrol(page: Page) -> str:
    """Set up an authenticator in the middle of a login, and keep the recovery codes; its secret."""
    secret = page.inner_text("#factor-secret")
    give_code(page, code_of(secret))
    assert page.locator("#recovery-codes li").count() == 10
    page.click("text=I have kept them")
    return secret


def type_a_tournament(page: Page, console: str, client_id: str, title: str) -> None:
    """Through the wizard up to its prizes."""
    page.goto(f"{console}play/wizard/?client={client_id}")
    page.click("text=Start empty")
    page.fill("[name=title]", title)
    page.fill("[name=buy_in_price]", "10")
    page.fill("[name=tournament_size]", "50")
    page.click("text=Keep and go on")
    page.select_option("[name=time_zone]", "UTC")
    page.fill("[name=ends_at]", f"{datetime.now(UTC) + timedelta(hours=2):%Y-%m-%dT%H:%M}")
    page.click("text=Keep and go on")

"""Coming in: two steps, locks, ends of sessions, and what the trail says of them."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from kgen.admin_site import guards
from kgen.admin_site.login import REFUSED
from kgen.admin_site.middleware import LIVE_HEADER
from kgen.models import AuditEntry, LoginGuard
from tests.support.operators import PASSWORD, logged_in
from users.models import Operator

pytestmark = pytest.mark.django_db
LOGIN, CODE, ENROL = "/console/login/", "/console/login/code/", "/console/login/enrol/"


@pytest.fixture(autouse=True)
def required(settings: Any) -> None:
    """As outside local mode."""
    settings.CONSOLE_SECOND_FACTOR = True


@pytest.fixture
def bob() -> Operator:
    return Operator.objects.create_superuser("bob", password=PASSWORD)


def first_step(browser: Browser, name: str = "bob", password: str = PASSWORD) -> Any:
    return browser.post(LOGIN, {"username": name, "password": password, "next": "/console/"})


def shown(operator: Operator, ahead: int = 0) -> str:
    """What the operator's authenticator shows, or will show so many steps later."""
    device = TOTPDevice.objects.get(user=operator)
    device.throttle_reset()
    return f"{totp(device.bin_key, drift=ahead):06}"


def is_in(browser: Browser) -> bool:
    return bool(browser.get("/console/").status_code == 200)


def enrol(browser: Browser, operator: Operator) -> list[str]:
    """Set up a factor; the recovery codes."""
    first_step(browser)
    browser.get(ENROL)
    page = browser.post(ENROL, {"code": shown(operator)}).content.decode()
    return re.findall(r"<code>([a-z0-9]{5}-[a-z0-9]{5})</code>", page)


def recorded_actions() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("act", flat=True))


def test_the_first_login_sets_up_a_factor(bob: Operator) -> None:
    browser = Browser()
    assert first_step(browser).headers["Location"] == ENROL
    assert not is_in(browser)
    page = browser.get(ENROL).content.decode()
    assert "<svg" in page
    assert re.search(r'id="factor-secret">([A-Z2-7]{4} ?){8}<', page)
    assert "This code is not right" in browser.post(ENROL, {"code": "000000"}).content.decode()
    assert not is_in(browser)
    codes = enrol(browser, bob)
    assert len(set(codes)) == 10
    assert is_in(browser)
    stored = set(StaticToken.objects.values_list("token", flat=True))
    assert len(stored) == 10
    assert not stored & {code.replace("-", "") for code in codes}
    assert recorded_actions() == ["operator.login", "operator.factor_set_up"]


def test_later_logins_ask_for_a_code_that_is_good_once(bob: Operator) -> None:
    enrol(Browser(), bob)
    browser, code = Browser(), shown(bob, ahead=1)
    assert first_step(browser).headers["Location"] == CODE
    assert not is_in(browser)
    assert browser.post(CODE, {"code": code}).headers["Location"] == "/console/"
    assert is_in(browser)
    again = Browser()
    first_step(again)
    assert "not right" in again.post(CODE, {"code": code}).content.decode()
    assert not is_in(again)


def test_a_recovery_code_works_once(bob: Operator) -> None:
    code = enrol(Browser(), bob)[0]
    for expected in (True, False):
        browser = Browser()
        first_step(browser)
        browser.post(CODE, {"code": code.upper().replace("-", " ")})
        assert is_in(browser) is expected
    assert StaticToken.objects.count() == 9


def test_the_second_login_step_alone_logs_nobody_in(bob: Operator) -> None:
    enrol(Browser(), bob)
    browser = Browser()
    for page in (CODE, ENROL):
        assert browser.get(page).headers["Location"].startswith(LOGIN)
        assert browser.post(page, {"code": shown(bob, ahead=1)}).headers["Location"].startswith(LOGIN)
    assert not is_in(browser)
    assert not is_in(logged_in(bob)), "a session without the second step"


def test_a_changed_password_makes_the_first_step_void(bob: Operator) -> None:
    enrol(Browser(), bob)
    browser = Browser()
    first_step(browser)
    bob.set_password("another long password")
    bob.save()
    assert browser.post(CODE, {"code": shown(bob, ahead=1)}).headers["Location"].startswith(LOGIN)


def test_guessing_codes_locks_the_second_step(bob: Operator) -> None:
    enrol(Browser(), bob)
    browser = Browser()
    first_step(browser)
    for _ in range(guards.TRIES_OF_CODE):
        TOTPDevice.objects.get().throttle_reset()
        browser.post(CODE, {"code": "000000"})
    browser.post(CODE, {"code": shown(bob, ahead=1)})
    assert not is_in(browser)
    assert recorded_actions().count("operator.code_failed") == guards.TRIES_OF_CODE + 1


def test_a_reset_ends_sessions_and_is_in_the_trail(bob: Operator) -> None:
    theirs, own = Browser(), Browser()
    enrol(theirs, bob)
    ann = Operator.objects.create_superuser("ann", password=PASSWORD)
    first_step(own, "ann")
    own.get(ENROL)
    own.post(ENROL, {"code": shown(ann)})
    sent = {"action": "reset_second_factor", "_selected_action": [bob.pk], "reason": "lost phone"}
    assert "done" in own.post("/console/users/operator/", sent, follow=True).content.decode()
    assert not is_in(theirs)
    assert first_step(Browser()).headers["Location"] == ENROL
    entry = AuditEntry.objects.get(act="operator.reset_factor")
    assert (entry.operator_id, entry.object_id, entry.reason) == (ann.pk, str(bob.pk), "lost phone")


def test_a_name_is_locked_after_five_failures_even_for_the_right_password(bob: Operator, settings: Any) -> None:
    settings.CONSOLE_SECOND_FACTOR = False
    for name in ("bob", "nobody"):
        for _ in range(guards.TRIES_OF_NAME):
            assert REFUSED in first_step(Browser(), name, "wrong").content.decode()
        assert REFUSED in first_step(Browser(), name).content.decode()
    LoginGuard.objects.update(locked_until="2020-01-01T00:00Z", began_at="2020-01-01T00:00Z")
    assert first_step(Browser()).headers["Location"] == "/console/"
    assert recorded_actions().count("operator.login_locked") == 2
    failed = AuditEntry.objects.filter(act="operator.login_failed").order_by("id")
    assert (failed.first().object_id, failed.last().object_id, failed.count()) == (str(bob.pk), "", 10)
    assert "nobody" not in str(list(AuditEntry.objects.values()))


def test_an_address_is_locked_after_too_many_failures(
    bob: Operator, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CONSOLE_SECOND_FACTOR = False
    monkeypatch.setattr("kgen.admin_site.login.TRIES_OF_ADDRESS", 2)
    for name in ("a", "b"):
        first_step(Browser(), name)
    assert REFUSED in first_step(Browser()).content.decode()
    elsewhere = Browser(REMOTE_ADDR="192.0.2.7")
    assert first_step(elsewhere).headers["Location"] == "/console/"


def test_old_login_tries_are_deleted(bob: Operator) -> None:
    guards.take_try("name", "a", 5)
    guards.take_try("name", "b", 5)
    with connection.cursor() as cursor:
        oldest = "(SELECT min(ctid) FROM kgen_loginguard)"
        cursor.execute(f"UPDATE kgen_loginguard SET began_at = '2020-01-01Z' WHERE ctid = {oldest}")
    guards.forget_old_tries()
    assert LoginGuard.objects.count() == 1


@pytest.fixture
def at_work(bob: Operator) -> Browser:
    """Somebody who is in."""
    browser = Browser()
    enrol(browser, bob)
    assert is_in(browser)
    return browser


def age(browser: Browser, **seconds: int) -> None:
    """Make the session older."""
    session: Any = browser.session
    for key, value in seconds.items():
        session[f"console_{key}"] -= value
    session.save()


def test_an_idle_operator_is_logged_out(at_work: Browser) -> None:
    age(at_work, seen=1700)
    assert is_in(at_work)
    age(at_work, seen=1700)
    assert is_in(at_work), "the last page counted as work"
    age(at_work, seen=1700)
    at_work.get("/console/", headers={LIVE_HEADER: "1"})
    age(at_work, seen=200)
    assert not is_in(at_work), "a page that reloads itself is no work"


def test_the_next_page_load_reports_the_logout_and_a_self_reload_does_not(at_work: Browser) -> None:
    age(at_work, seen=1801)
    for _ in range(2):
        refused = at_work.get("/console/", headers={LIVE_HEADER: "1"})
        assert (refused.status_code, refused.content) == (403, b"")
        assert "script-src" in refused.headers["Content-Security-Policy"]
    shown = at_work.get("/console/", follow=True).content.decode()
    assert "You were logged out. Log in again to go on." in shown
    assert 'name="password"' in shown


def test_a_session_ends_after_half_a_day(at_work: Browser) -> None:
    age(at_work, began=12 * 3600 + 1)
    assert not is_in(at_work)


def test_a_logout_is_in_the_trail(at_work: Browser) -> None:
    at_work.post("/console/logout/")
    assert not is_in(at_work)
    assert recorded_actions()[-1] == "operator.logout"


def test_without_the_setting_only_enrolled_operators_are_asked_for_a_code(bob: Operator, settings: Any) -> None:
    settings.CONSOLE_SECOND_FACTOR = False
    browser = Browser()
    assert first_step(browser).headers["Location"] == "/console/"
    browser.get(ENROL)
    assert "recovery-codes" in browser.post(ENROL, {"code": shown(bob)}).content.decode()
    assert is_in(browser)
    assert first_step(Browser()).headers["Location"] == CODE


def test_the_consoles_cookies_are_limited_to_the_console(bob: Operator) -> None:
    browser = Browser()
    first_step(browser)
    for name in ("sessionid", "csrftoken"):
        if name in browser.cookies:
            assert (browser.cookies[name]["path"], browser.cookies[name]["samesite"]) == ("/console/", "Strict")
    assert browser.cookies["sessionid"]["httponly"]

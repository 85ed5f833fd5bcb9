"""Pages, lists and errors of the console, and how far its exception of the content policy goes."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from kgen.admin_site import actions
from kgen.admin_site.roles import Role
from kgen.models import AuditEntry
from tests.support.http import Caller, StudioCaller
from tests.support.operators import logged_in, operator_in
from users.models import Gamer

pytestmark = pytest.mark.django_db
EVAL = "'unsafe-eval'"
UNLINK = {"action": "unlink_phone", "reason": "lost"}


@pytest.mark.parametrize("path", ["/docs", "/schema", "/healthz", "/fe/wallet/balance", "/nope"])
def test_the_strict_policy_holds_outside_the_console(path: str) -> None:
    policy = Caller().get(path).headers.get("Content-Security-Policy", "")
    assert EVAL not in policy
    assert "default-src 'self'" in policy


@pytest.mark.parametrize("path", ["", "users/gamer/", "login/", "nope/", "users/gamer/add/"])
def test_the_consoles_policy_exception_applies_to_all_its_pages(browser: Browser, path: str) -> None:
    headers = browser.get(f"/console/{path}").headers
    assert f"script-src 'self' {EVAL};" in headers["Content-Security-Policy"] + ";"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"


def test_pages_have_no_scripts_that_the_policy_forbids(browser: Browser, played: str) -> None:
    gamer = Gamer.objects.get()
    for path in ("", "users/gamer/", f"users/gamer/{gamer.pk}/change/", "studios/clients/new/", "kgen/auditentry/"):
        page = browser.get(f"/console/{path}").content.decode()
        assert not re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")[^>]*>", page), path
        assert not re.findall(r"\son[a-z]+=\"", page), path
        assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", page), path


@pytest.mark.parametrize(("path", "status"), [("nope/", 404), ("wallet/wallet/add/", 403)])
def test_errors_are_shown_as_readable_pages(browser: Browser, path: str, status: int) -> None:
    answer = browser.get(f"/console/{path}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert answer.headers["X-Request-Id"] in answer.content.decode()


def test_a_bug_is_a_page_in_the_console_and_a_problem_elsewhere(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kgen.admin_site.trail.AuditEntryAdmin.get_queryset", lambda self, request: 1 / 0)
    answer = browser.get("/console/kgen/auditentry/")
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "text/html; charset=utf-8")
    assert "division" not in answer.content.decode()
    assert Caller().get("/nope").headers["Content-Type"] == "application/problem+json"


def test_a_form_from_another_site_is_refused_with_a_page() -> None:
    answer = Browser(enforce_csrf_checks=True).post("/console/login/", {"username": "a", "password": "b"})
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.content.decode()


@pytest.fixture
def many(studio: StudioCaller) -> list[str]:
    """More gamers than a page shows."""
    names = [f"p{index:03}" for index in range(120)]
    for name in names:
        studio.gamer(name)
    return names[::-1]


def rows(page: str) -> list[str]:
    return re.findall(r">(p\d{3})<", page)


def link(page: str, rel: str) -> str:
    found = re.search(rf'href="([^"]+)" rel="{rel}"', page)
    return found[1].replace("&amp;", "&") if found else ""


def test_a_list_goes_forwards_and_backwards_by_keyset_without_counting(browser: Browser, many: list[str]) -> None:
    seen, pages, query = [], [], "?"
    while query:
        with CaptureQueriesContext(connection) as queries:
            page = browser.get(f"/console/users/gamer/{query}").content.decode()
        gamers = [entry["sql"] for entry in queries if 'FROM "users_gamer"' in entry["sql"]]
        assert not [sql for sql in gamers if "COUNT(" in sql or "OFFSET" in sql]
        seen += dict.fromkeys(rows(page))
        pages.append(page)
        query = link(page, "next")
    assert seen == many
    assert len(pages) == 3
    back = browser.get(f"/console/users/gamer/{link(pages[2], 'prev')}").content.decode()
    assert list(dict.fromkeys(rows(back))) == many[50:100]
    first = browser.get(f"/console/users/gamer/{link(back, 'prev')}").content.decode()
    assert (list(dict.fromkeys(rows(first))), link(first, "prev")) == (many[:50], "")


@pytest.mark.parametrize("cursor", ["x", "W10", "WyJ4Il0", "bnVsbA", "%00"])
def test_an_invalid_cursor_leads_to_the_first_page(browser: Browser, played: str, cursor: str) -> None:
    answer = browser.get(f"/console/users/gamer/?_next={cursor}", follow=True)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "wallet/withdrawal/?state__in=%00",
        "wallet/transaction/?kind__exact=%00",
        "kgen/webhookdelivery/?state__exact=%00",
        "kgen/auditentry/?after=%00",
        "users/gamer/?client__id__exact=%00",
    ],
)
def test_an_invalid_filter_leads_to_the_unfiltered_list(browser: Browser, played: str, address: str) -> None:
    answer = browser.get(f"/console/{address}", follow=True)
    assert answer.status_code == 200
    assert answer.redirect_chain[-1][0].endswith("?e=1")


def test_choosing_a_filter_starts_at_the_first_page(
    browser: Browser, many: list[str], other_studio: StudioCaller
) -> None:
    page = browser.get("/console/users/gamer/").content.decode()
    page = browser.get(f"/console/users/gamer/{link(page, 'next')}").content.decode()
    assert "client__id__exact" in page
    assert not re.findall(r'href="\?[^"]*client__id__exact[^"]*_next', page)


def test_an_action_on_all_rows_at_once_is_refused(browser: Browser, played: str) -> None:
    sent = UNLINK | {"_selected_action": [str(Gamer.objects.get().pk)], "select_across": "1"}
    page = browser.post("/console/users/gamer/", sent, follow=True).content.decode()
    assert f"At most {actions.MOST_ROWS} rows" in page
    assert not AuditEntry.objects.exists()


def test_a_reason_that_cannot_be_stored_counts_as_missing(browser: Browser, played: str) -> None:
    gamer = Gamer.objects.get()
    sent = {"do": "suspend", "reason": "a \0 b"}
    page = browser.post(f"/console/people/gamers/{gamer.pk}/acts/", sent, follow=True).content.decode()
    assert actions.REASON_MISSING in page
    listed = UNLINK | {"_selected_action": [str(gamer.pk)], "reason": "\0"}
    assert browser.post("/console/users/gamer/", listed, follow=True).status_code == 200
    assert browser.post(f"/console/people/gamers/{gamer.pk}/contact/", sent | {"do": "show"}).status_code == 302
    assert not AuditEntry.objects.exists()


def test_an_action_name_is_not_accepted_as_an_http_method(browser: Browser, played: str) -> None:
    """Pages have acts that are called `delete`."""
    answer = browser.delete("/console/play/series/00000000-0000-7000-8000-000000000000/")
    assert answer.status_code == 405


def test_an_action_without_permission_changes_nothing(played: str) -> None:
    browser: Any = logged_in(operator_in(Role.FINANCE))
    browser.post("/console/users/gamer/", UNLINK | {"_selected_action": [str(Gamer.objects.get().pk)]})
    assert not AuditEntry.objects.exists()

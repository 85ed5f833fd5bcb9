"""An operator's day in a real browser: in with the second factor, a tournament from the wizard to its settlement, a
withdrawal, and all of it in the audit trail."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import Tab
from tests.browser.operators import code_of, enrol, give_code, give_password, type_a_tournament
from tests.support.stack import Stack

pytestmark = pytest.mark.long

TITLE = "Browser Cup"
PLAYERS = [f"browser-{number}" for number in range(1, 6)]


def test_an_operator_works_through_a_day_in_the_console(
    stack: Stack, demo: dict[str, Any], console: str, new_tab: Callable[..., Tab]
) -> None:
    tab = new_tab()
    page = tab.page
    log_in(page, console, stack.facts["operator_password"])
    uid = make_tournament(page, console, stack.facts["client_id"])
    join(stack, uid)
    watch_scores(page, stack, uid)
    end_and_settle(page)
    withdrawal = approve_a_withdrawal(page, console, stack)
    read_the_trail(page, console, {"tournament.create": uid, "tournament.end": uid, "withdrawal.approve": withdrawal})
    assert tab.take_faults() == []


def log_in(page: Page, console: str, password: str) -> None:
    """Set the second factor up, leave, and come back with a code."""
    give_password(page, console, "operator", password)
    secret = enrol(page)
    expect(page).to_have_url(console)
    page.context.clear_cookies()
    give_password(page, console, "operator", password)
    give_code(page, code_of(secret, steps_ahead=1))
    expect(page).to_have_url(console)


def make_tournament(page: Page, console: str, client_id: str) -> str:
    """Through the wizard's steps to a published tournament that is under way; its id."""
    type_a_tournament(page, console, client_id, TITLE)
    expect(page.get_by_role("heading", name="What is won")).to_be_visible()
    page.click("text=Keep and go on")
    expect(page.get_by_role("heading", name="What will happen")).to_be_visible()
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text(f"{TITLE} is published.")).to_be_visible()
    found = re.search(r"/play/tournaments/([0-9a-f-]{36})/", page.url)
    assert found, page.url
    return found[1]


def join(stack: Stack, uid: str) -> None:
    """The game's gamers join, over HTTP."""
    with stack.client(**stack.studio_headers) as studio, stack.client() as game:
        for name in PLAYERS:
            session = studio.post("/s2s/session", json={"user_id": name}).raise_for_status().json()
            token = {"user-jwt-token": session["access_token"]}
            path = f"/fe/esports/tournaments/{uid}/join"
            game.post(path, json={"joiningStake": 10}, headers=token).raise_for_status()


def watch_scores(page: Page, stack: Stack, uid: str) -> None:
    """The page that is open shows what the studio posts, without being loaded again."""
    expect(page.locator("#field")).to_have_text("5 / 50", timeout=30_000)
    scores = [{"user_id": name, "value": 1000 * number} for number, name in enumerate(PLAYERS, 1)]
    with stack.client(**stack.studio_headers) as studio:
        studio.post(f"/s2s/esports/tournaments/{uid}/scores", json={"scores": scores}).raise_for_status()
    first = page.locator("#live tbody tr").first
    expect(first).to_contain_text("browser-5", timeout=30_000)
    expect(first).to_contain_text("5,000")


def end_and_settle(page: Page) -> None:
    """End it, having read what that does; a worker settles it; the record holds."""
    page.get_by_role("link", name="End now").click()
    expect(page.get_by_text("5 of the 5 in the field hold a rank")).to_be_visible()
    page.fill("input[name=reason]", "the game servers go down")
    page.get_by_role("button", name="End now").click()
    expect(page.locator("#status")).to_have_text("COMPLETED", timeout=30_000)
    # The page that was opened by the end says so by itself once it is settled.
    expect(page.locator("#sentence")).to_contain_text("and was settled", timeout=30_000)
    expect(page.locator("#live [data-live]")).to_have_attribute("data-live", "no")
    page.get_by_role("link", name="Settlement", exact=True).click()
    for _ in range(30):
        if page.locator("#sha256").count():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(page.locator("#sha256")).to_have_text(re.compile("^[0-9a-f]{64}$"))
    page.get_by_role("button", name="Verify from the score events").click()
    expect(page.locator("#verified")).to_contain_text("it holds")


def approve_a_withdrawal(page: Page, console: str, stack: Stack) -> str:
    """The first one that awaits approval is approved, and a worker pays it; its id."""
    page.goto(f"{console}money/withdrawals/")
    page.get_by_role("link", name=re.compile("approval", re.IGNORECASE)).first.click()
    page.locator("table a[href*='/money/withdrawals/']").first.click()
    id = page.url.rstrip("/").rpartition("/")[2]
    page.fill("input[name=reason] >> nth=0", "wins and account are plausible")
    page.get_by_role("button", name="Approve: the rail pays it").click()
    expect(page.get_by_role("definition").filter(has_text="wins and account are plausible")).to_be_visible()
    asked = "SELECT state FROM wallet_withdrawal WHERE id = %s"
    for _ in range(60):
        if stack.rows(asked, id)[0][0] == "PAID":
            return id
        page.wait_for_timeout(250)
    raise AssertionError("no worker paid it")


def read_the_trail(page: Page, console: str, actions: dict[str, str]) -> None:
    """Each act stands in the trail with who did it, to what."""
    page.goto(f"{console}kgen/auditentry/")
    for action, subject in actions.items():
        row = page.locator("#result_list tbody tr").filter(has_text=action).first
        expect(row).to_contain_text("operator")
        page.goto(str(row.locator("a").first.evaluate("node => node.href")))
        expect(page.locator("body")).to_contain_text(subject)
        page.go_back()

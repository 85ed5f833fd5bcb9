"""A form that acts is sent once, however often its button is clicked; later its button works again."""

from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.looking import Tab
from tests.support.stack import Stack

pytestmark = pytest.mark.long

NOTES = "SELECT count(*) FROM users_gamernote WHERE text = %s"


@pytest.fixture
def page(login: Any, new_tab: Any) -> Page:
    """A tab of its own, logged in, with a clock that can be put forward."""
    tab: Tab = new_tab("light", login)
    tab.page.clock.install()
    return tab.page


@pytest.fixture
def notes(stack: Stack, demo: Any, console: str) -> str:
    """The address of a gamer's notes."""
    return f"{console}people/gamers/{stack.rows('SELECT id FROM users_gamer LIMIT 1')[0][0]}/?tab=notes"


def test_two_clicks_send_one_request_and_write_one_row(page: Page, notes: str, stack: Stack) -> None:
    page.goto(notes)
    posted = []
    page.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
    page.fill("textarea[name=text]", "clicked twice")
    page.get_by_role("button", name="Keep the note").dblclick()
    expect(page.locator("main")).to_contain_text("clicked twice")
    assert len(posted) == 1
    assert stack.rows(NOTES, "clicked twice")[0][0] == 1


def test_the_button_works_again_after_going_back(page: Page, notes: str, stack: Stack) -> None:
    page.goto(notes)
    for text in ("before back", "after back"):
        page.fill("textarea[name=text]", text)
        page.get_by_role("button", name="Keep the note").click()
        expect(page.locator("main")).to_contain_text(text)
        page.go_back()
    assert [stack.rows(NOTES, text)[0][0] for text in ("before back", "after back")] == [1, 1]


def test_the_button_works_again_after_a_download(page: Page, notes: str) -> None:
    page.goto(notes)
    posted = []

    def answer(route: Route) -> None:
        if route.request.method == "POST":
            posted.append(route)
            route.fulfill(status=200, headers={"Content-Disposition": "attachment; filename=a.csv"}, body="a")
        else:
            route.continue_()

    page.route("**/people/gamers/**", answer)
    page.fill("textarea[name=text]", "a file")
    button = page.get_by_role("button", name="Keep the note")
    for clicks in (1, 2):
        with page.expect_download():
            button.click()
        button.click()
        assert len(posted) == clicks
        page.clock.fast_forward(10_000)


def test_forms_with_get_are_not_marked_as_busy(page: Page, console: str, demo: Any) -> None:
    page.goto(f"{console}play/wizard/")
    # An answer without a page: what the click made of the form stays to be seen.
    page.route("**/play/wizard/**", lambda route: route.fulfill(status=204))
    with page.expect_request("**/play/wizard/**") as asked:
        page.get_by_role("button", name="Choose").click()
    assert asked.value.method == "GET"
    expect(page.locator("form[aria-busy]")).to_have_count(0)

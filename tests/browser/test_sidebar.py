"""The sidebar opens and closes at every width, also where unfold's style sheet and script disagree on what is wide."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import HEIGHT, Tab

pytestmark = pytest.mark.long

WIDE = 1280
BESIDE = [1279, 1280, 1281]


@pytest.fixture
def page(login: Any, new_tab: Any) -> Iterator[Page]:
    """A tab of its own, logged in, in which nothing is remembered of a sidebar."""
    tab: Tab = new_tab("light", login)
    yield tab.page
    assert tab.take_faults() == []
    tab.page.close()


@pytest.fixture
def jobs(console: str) -> str:
    """The address of a page that is short and stays as it is."""
    return f"{console}jobs/"


def toggle(page: Page) -> None:
    """Click the button for the sidebar in the head of the page."""
    page.get_by_text("dock_to_right", exact=True).click()


def settle(page: Page) -> None:
    """Wait for ten frames, so that observers of sizes have reacted to the last step."""
    page.evaluate("async () => { for (let n = 0; n < 10; n++) await new Promise(requestAnimationFrame); }")


def expect_sidebar(page: Page, shown: bool) -> None:
    """The sidebar is shown or hidden, and stays so."""
    settle(page)
    expect(page.locator("#nav-sidebar")).to_be_visible(visible=shown)


@pytest.mark.parametrize("width", BESIDE)
def test_the_sidebar_opens_and_closes_at_every_width(page: Page, jobs: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": HEIGHT})
    page.goto(jobs)
    shown = width >= WIDE
    expect_sidebar(page, shown)
    for _ in range(3):
        shown = not shown
        toggle_from_where_it_is(page, opening=shown)
        expect_sidebar(page, shown)


def toggle_from_where_it_is(page: Page, *, opening: bool) -> None:
    """On a narrow page the open sidebar covers the button in the head and has one of its own."""
    close = page.locator("#nav-sidebar").get_by_text("close", exact=True)
    if not opening and close.is_visible():
        close.click()
    else:
        toggle(page)


@pytest.mark.parametrize("width", [1280, 1281])
def test_a_closed_sidebar_stays_closed_on_the_next_page(page: Page, console: str, jobs: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": HEIGHT})
    page.goto(jobs)
    toggle(page)
    page.goto(f"{console}money/rails/")
    expect_sidebar(page, shown=False)
    toggle(page)
    page.reload()
    expect_sidebar(page, shown=True)


@pytest.mark.parametrize("width", BESIDE)
def test_an_open_sidebar_stays_open_when_the_page_grows(page: Page, jobs: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": HEIGHT})
    page.goto(jobs)
    if width < WIDE:
        toggle(page)
    page.evaluate("document.querySelector('main, #main').insertAdjacentHTML('beforeend', '<p style=\"height:900px\">')")
    expect_sidebar(page, shown=True)


def test_resizing_the_window_opens_and_closes_the_sidebar(page: Page, jobs: str) -> None:
    page.set_viewport_size({"width": 1279, "height": HEIGHT})
    page.goto(jobs)
    for width in (1280, 1279, 1281, 900):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        expect_sidebar(page, shown=width >= WIDE)


def test_the_sidebar_opens_with_a_smaller_font(page: Page, jobs: str) -> None:
    """Where a browser's letters are 14 px, the style sheet's 80rem are 1120 px: well below the script's 1280 px."""
    session = page.context.new_cdp_session(page)
    session.send("Page.enable")
    session.send("Page.setFontSizes", {"fontSizes": {"standard": 14}})
    page.set_viewport_size({"width": 1200, "height": HEIGHT})
    page.goto(jobs)
    assert page.evaluate("matchMedia('(min-width: 80rem)').matches")
    expect_sidebar(page, shown=True)
    toggle(page)
    expect_sidebar(page, shown=False)
    toggle(page)
    expect_sidebar(page, shown=True)

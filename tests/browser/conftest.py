"""A real Chromium before the real product, seeded with a console that is alive."""

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from pytest_django import DjangoDbBlocker

from tests.browser.looking import WIDTHS, Tab, launch, system_chromium
from tests.browser.operators import enrol, give_password
from tests.browser.screens import Screens
from tests.support.databases import another_database
from tests.support.stack import Stack, running
from tests.support.waiting import PATIENCE_SECONDS, eventually

# Rows of a table are alike: the first ones say what the others would.
READ_ROWS = 10
# Playwright's loop goes on in the thread of the tests, which lets Django believe that they were asynchronous.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, with a profile of its own that is empty."""
    if system_chromium() is None:
        missing = "there is no Chromium here: `make browser` installs it where it can"
        if os.environ.get("KGEN_REQUIRE_BROWSER") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def database(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """Where the product's rows are."""
    with another_database(django_db_blocker) as url:
        yield url


@pytest.fixture(scope="package")
def stack(chromium: Browser, database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The product at work, with a second factor for everybody."""
    home = tmp_path_factory.mktemp("browser") / "home"
    with running(home, KGEN_CONSOLE_SECOND_FACTOR="1", DATABASE_URL=database) as stack:
        eventually(stack.is_whole)
        yield stack


@pytest.fixture(scope="package")
def demo(stack: Stack) -> dict[str, Any]:
    """What `seed_demo --rich` said: clients and operators, with their secrets and passwords."""
    done = stack.manage("seed_demo", "--rich", seconds=600)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="package")
def console(stack: Stack) -> str:
    """The console's address."""
    return stack.facts["base_url"] + "/console/"


@pytest.fixture(scope="package")
def new_tab(chromium: Browser) -> Iterator[Callable[..., Tab]]:
    """Opens a tab in a browser window of its own, in a theme, perhaps with the cookies of a login."""
    windows: list[BrowserContext] = []

    def open_one(theme: str = "light", cookies: Any = None) -> Tab:
        windows.append(chromium.new_context(color_scheme=theme, storage_state=cookies))  # type: ignore[arg-type]
        windows[-1].set_default_timeout(PATIENCE_SECONDS * 1000)
        # So axe has read each width and each theme, without reading every screen four times.
        return Tab.of(windows[-1], *((WIDTHS, READ_ROWS) if theme == "light" else (WIDTHS[::-1], None)))

    yield open_one
    for window in windows:
        window.close()


@pytest.fixture(scope="package")
def login(demo: dict[str, Any], console: str, new_tab: Callable[..., Tab]) -> Any:
    """The cookies of an operator who may do everything."""
    tab = new_tab()
    give_password(tab.page, console, "admin", demo["operator_passwords"]["admin"])
    enrol(tab.page)
    assert tab.take_faults() == []
    return tab.page.context.storage_state()


@pytest.fixture(scope="package")
def tabs(login: Any, new_tab: Callable[..., Tab]) -> dict[str, Tab]:
    """A tab in each theme, logged in."""
    return {theme: new_tab(theme, login) for theme in ("light", "dark")}


@pytest.fixture(scope="package")
def screens(stack: Stack, tabs: dict[str, Tab]) -> Screens:
    """An address of every screen."""
    return Screens(tabs["light"].page.context.request, stack)

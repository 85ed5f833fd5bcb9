"""Each screen of the console, in both themes and two widths: nothing fails, nothing is cut off, everybody can use it.

The screens come from the registry, so that a new one is looked at without a line here. One run reads a screen in the
light theme, and its colours in the dark one; then opens it in the dark theme, where axe reads all rows.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.looking import Tab
from tests.browser.operators import enrol, give_password
from tests.browser.screens import Screens, screen_names
from tests.support.stack import Stack

pytestmark = pytest.mark.long

NAMES = ["index", *screen_names()]


@pytest.fixture
def address(name: str, screens: Screens) -> str:
    """The screen's address."""
    path = "/console/" if name == "index" else screens.addresses.get(name)
    assert path is not None, "no link leads to this screen"
    return screens.base + path


@pytest.mark.parametrize("name", NAMES)
def test_a_screen_has_no_fault_in_either_theme(address: str, tabs: dict[str, Tab]) -> None:
    assert tabs["light"].look_at(address) == []
    assert tabs["light"].look_at_colours_in("dark") == []


@pytest.mark.parametrize("name", NAMES)
def test_a_screen_opened_in_the_dark_theme_has_no_fault(address: str, tabs: dict[str, Tab]) -> None:
    assert tabs["dark"].look_at(address) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_login_pages_are_sound(
    theme: str, stack: Stack, demo: dict[str, Any], console: str, new_tab: Callable[..., Tab]
) -> None:
    tab = new_tab(theme)
    assert tab.look_at(console) == [], "password"
    name = {"light": "viewer", "dark": "support"}[theme]
    give_password(tab.page, console, name, demo["operator_passwords"][name])
    assert tab.look() == [], "enrolment"
    enrol(tab.page)
    tab.page.context.clear_cookies()
    give_password(tab.page, console, name, demo["operator_passwords"][name])
    assert tab.look() == [], "code"
    assert tab.take_faults() == []

"""Each screen of the console, in both themes and two widths: nothing fails, nothing is cut off, everybody can use it.

The screens come from the registry, so that a new one is looked at without a line here.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.looking import Tab
from tests.browser.operators import enrol, give_password
from tests.browser.screens import Screens, screen_names
from tests.support.stack import Stack


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index", *screen_names()])
def test_a_screen_is_sound(name: str, theme: str, screens: Screens, tabs: dict[str, Tab]) -> None:
    address = "/console/" if name == "index" else screens.addresses.get(name)
    assert address is not None, "no link leads to this screen"
    assert tabs[theme].look_at(screens.base + address) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_way_in_is_sound(
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

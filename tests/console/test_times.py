"""Times in the console name their zone, in lists, on forms and on pages; lists are called as the sidebar calls them."""

import re
from typing import Any

import pytest

from kgen.admin_site.roles import Role
from tests.support.http import GamerCaller
from users.models import Client

pytestmark = pytest.mark.django_db
NAMED = r'<time datetime="[^"]+" data-moment>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC</time>'


def test_a_column_of_times_is_shown_in_the_operators_zone(gamer: GamerCaller, as_role: Any) -> None:
    page = as_role(Role.ADMIN).get("/console/users/gamer/").content.decode()
    assert re.search(NAMED, page)
    assert "Times in <span data-zone" in page
    assert "console/moments.js" in page


def test_a_list_without_times_names_no_time_zone(as_role: Any) -> None:
    assert "data-zone" not in as_role(Role.ADMIN).get("/console/esports/prizetable/").content.decode()


def test_a_form_names_the_zone_of_its_times(as_role: Any) -> None:
    browser = as_role(Role.ADMIN)
    row = re.search(
        r'href="(/console/users/operator/\d+/change/[^"]*)"', browser.get("/console/users/operator/").content.decode()
    )
    assert row
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", browser.get(row[1]).content.decode())


def test_a_list_has_the_same_name_as_in_the_sidebar(as_role: Any) -> None:
    page = re.sub(r"\s+", " ", as_role(Role.ADMIN).get("/console/esports/tournamentseries/").content.decode())
    top = page[page.index("<h1") : page.index("</h1>")]
    assert re.findall(r">\s*([A-Z][a-z ]+)\s*<", top) == ["Play ", "Series "]


def test_the_breadcrumb_of_settings_names_the_client(client_row: Client, as_role: Any) -> None:
    page = as_role(Role.ADMIN).get(f"/console/studios/clients/{client_row.pk}/settings/").content.decode()
    assert f'<a href="/console/studios/clients/{client_row.pk}/">{client_row.name}</a>' in page

"""Lists by days: both ends count, and what is no day is told."""

import re
from datetime import UTC, datetime
from html import unescape

import pytest
from django.test import Client as Browser

from kgen.jobs.pages import UNUSED_ID
from kgen.models import AuditEntry
from tests.support.addresses import TRAIL
from tests.support.operators import logged_in
from users.models import Operator

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Browser:
    """An operator's, before whom three days have left an entry each."""
    for day in (1, 2, 3):
        for number, hour in enumerate((0, 23)):
            at = datetime(2026, 3, day, hour, 59 * number, tzinfo=UTC)
            AuditEntry.objects.create(at=at, act=f"day{day}.act", object_label=f"of day {day} at {hour}")
    return logged_in(Operator.objects.create_superuser("ann"))


def days_in(page: str) -> list[int]:
    """Of which days entries are listed."""
    return [day for day in (1, 2, 3) for hour in (0, 23) if f"of day {day} at {hour}<" in page]


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("at_from=2026-03-02&at_to=2026-03-02", [2, 2]),
        ("at_from=2026-03-02&at_to=", [2, 2, 3, 3]),
        ("at_to=2026-03-02", [1, 1, 2, 2]),
        ("at_from=2026-03-03&at_to=2026-03-01", []),
    ],
)
def test_a_range_includes_its_last_day(browser: Browser, query: str, days: list[int]) -> None:
    assert days_in(browser.get(f"{TRAIL}?{query}").content.decode()) == days


@pytest.mark.parametrize("day", ["x", "2026-13-01", "9999-12-31", "2026-03-02T00:00", "%00"])
def test_an_invalid_day_filters_nothing(browser: Browser, day: str) -> None:
    page = browser.get(f"{TRAIL}?at_to={day}", follow=True)
    assert page.status_code == 200
    assert page.redirect_chain
    assert days_in(page.content.decode()) == [1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize(
    ("query", "filled"),
    [
        ("", ""),
        (f"q={UNUSED_ID}", f"&about={UNUSED_ID}"),
        ("at_from=2026-03-01&at_to=2026-03-02", "&since=2026-03-01&until=2026-03-02"),
    ],
)
def test_the_export_link_keeps_the_filters_that_the_export_supports(browser: Browser, query: str, filled: str) -> None:
    page = browser.get(f"{TRAIL}?{query}").content.decode()
    (link,) = re.findall(r'href="(/console/jobs/\?[^"]*)"', page)
    assert unescape(link) == f"/console/jobs/?name=audit{filled}"


def test_pages_under_a_day_filter_are_ordered_by_time(browser: Browser) -> None:
    """Whatever the order in which rows were numbered."""
    at = datetime(2026, 3, 2, 12, tzinfo=UTC)
    AuditEntry.objects.bulk_create(AuditEntry(at=at, act="late.row", object_label="late") for _ in range(60))
    page = browser.get(f"{TRAIL}?at_from=2026-03-01&at_to=2026-03-02")
    first = [row.at for row in page.context["cl"].result_list]
    more = browser.get(TRAIL + page.context["cl"].next_query)
    rows = first + [row.at for row in more.context["cl"].result_list]
    assert (len(first), len(rows)) == (50, 64)
    assert rows == sorted(rows, reverse=True)

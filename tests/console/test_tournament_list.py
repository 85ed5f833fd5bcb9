"""The list of tournaments: its filters say what the clock says, and it stays quick."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from esports.lifecycle import Status
from esports.models import Seats, Tournament
from esports.selectors.statuses import having_status
from esports.selectors.tournaments import tournament_at, with_clock
from kgen.admin_site.roles import Role
from kgen.clock import database_now
from rewards.services.settling import settle_due
from tests.support.addresses import TOURNAMENT_LIST
from tests.support.clock import end
from tests.support.http import StudioCaller
from tests.support.organising import at
from tests.support.settling import play
from tests.support.time import hourly
from users.models import Client

pytestmark = pytest.mark.django_db

HOURS = {
    "draft": (1, 2, 3, 4, 5),
    "scheduled": (-1, 2, 3, 4, 5),
    "lobby": (-2, -1, 3, 4, 5),
    "started": (-3, -2, -1, 4, 5),
    "locked": (-4, -3, -2, -1, 5),
}


def titles(page: str) -> set[str]:
    """What a page of the list shows."""
    return set(re.findall(r'/change/[^"]*"[^>]*>([^<]+)</a>', page))


@pytest.fixture
def every_kind(studio: StudioCaller) -> dict[str, str]:
    """A tournament in every state that there is, also those in which nothing is booked yet; uids by titles."""
    made = {name: hourly(studio, hours, title=name) for name, hours in HOURS.items()}
    for name in ("unpublished", "cancelled", "settled", "ended", "empty", "reviewed", "pays nobody", "refunded"):
        made[name] = studio.tournament(title=name, **({"settlement_delay_seconds": 3600} if name == "reviewed" else {}))
    Tournament.objects.filter(pk=made["unpublished"]).update(published_at=None)
    for name in ("settled", "ended", "reviewed", "pays nobody"):
        play(studio, made[name], {f"{name} {n}": n for n in range(3)})
    Tournament.objects.filter(pk=made["pays nobody"]).update(
        prize_table={"kind": "shares", "bands": [{"from_rank": 1, "to_rank": 1, "share_bp": 1}]}
    )
    studio.post(at(made["refunded"], "/cancel"), {"reason": "rain"}).ok()
    end(made["settled"])
    assert settle_due() == 1
    # Cancelled a moment ago, with stakes that are still to go back.
    Tournament.objects.filter(pk=made["cancelled"]).update(cancelled_at=database_now())
    for name in ("ended", "empty", "reviewed", "pays nobody"):
        end(made[name])
    return made


def test_each_tournament_is_listed_under_its_status_only(every_kind: dict[str, str]) -> None:
    told = {row.title: tournament_at(row).status for row in with_clock(Tournament.objects.all())}
    assert set(told) == set(every_kind)
    assert set(told.values()) == set(Status), "no status is left out"
    for status in Status:
        found = {row.title for row in having_status(Tournament.objects.all(), status)}
        assert found == {title for title, its in told.items() if its is status}, status


@pytest.mark.parametrize("status", Status)
def test_the_list_is_filtered_by_status(browser: Browser, every_kind: dict[str, str], status: Status) -> None:
    page = browser.get(TOURNAMENT_LIST, {"status": status.value}).content.decode()
    rows = titles(page)
    assert rows == {row.title for row in having_status(Tournament.objects.all(), status)}
    assert f">{status.value}</span>" in page


def test_the_list_is_searched_by_id_and_title(browser: Browser, every_kind: dict[str, str]) -> None:
    assert titles(browser.get(TOURNAMENT_LIST, {"q": every_kind["lobby"]}).content.decode()) == {"lobby"}
    assert titles(browser.get(TOURNAMENT_LIST, {"q": "LED"}).content.decode()) >= {"settled", "cancelled", "scheduled"}
    assert titles(browser.get(TOURNAMENT_LIST, {"q": "SE"}).content.decode()) == {"settled"}, (
        "two letters: the beginning"
    )
    assert titles(browser.get(TOURNAMENT_LIST, {"q": "50%_"}).content.decode()) == set()
    assert titles(browser.get(TOURNAMENT_LIST, {"q": "nothing like it"}).content.decode()) == set()


@pytest.mark.filterwarnings("ignore:DateTimeField")
def test_the_list_is_filtered_by_date(browser: Browser, every_kind: dict[str, str]) -> None:
    next_year = database_now().date().replace(year=database_now().year + 1)
    assert titles(browser.get(TOURNAMENT_LIST, {"starts_at_from": next_year.isoformat()}).content.decode()) == set()
    assert "lobby" in titles(browser.get(TOURNAMENT_LIST, {"starts_at_to": next_year.isoformat()}).content.decode())


def test_rows_show_field_stakes_and_pool(browser: Browser, studio: StudioCaller) -> None:
    uid = studio.tournament(title="Grand cup")
    play(studio, uid, {"a": 3, "b": 2, "c": 1})
    page = browser.get(TOURNAMENT_LIST).content.decode()
    row = Tournament.objects.get(pk=uid)
    assert "3 / 100" in page
    assert "30 KCASH" in page
    assert f"{row.price_pool():,} KCASH" in page
    assert f'<time datetime="{row.ends_at.isoformat()}" data-moment>' in page


def test_a_row_links_to_the_tournaments_page(browser: Browser, played: str) -> None:
    answer = browser.get(f"{TOURNAMENT_LIST}{played}/change/")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/console/play/tournaments/{played}/")


def test_the_list_needs_as_many_queries_for_many_rows_as_for_one(browser: Browser, studio: StudioCaller) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(TOURNAMENT_LIST).status_code == 200
        return len(captured)

    studio.tournament()
    queries()
    few = queries()
    for _ in range(20):
        studio.tournament()
    assert queries() == few


def test_a_limited_operator_finds_tournaments_of_its_clients_only(
    as_role: Any, studio: StudioCaller, other_studio: StudioCaller
) -> None:
    studio.tournament(title="mine")
    uid = other_studio.tournament(title="theirs")
    browser = as_role(Role.ADMIN, Client.objects.get(pk=studio.client_id))
    assert titles(browser.get(TOURNAMENT_LIST).content.decode()) == {"mine"}
    assert titles(browser.get(TOURNAMENT_LIST, {"q": uid}).content.decode()) == set()
    assert titles(browser.get(TOURNAMENT_LIST, {"status": "STARTED"}).content.decode()) == {"mine"}


def test_an_unknown_status_leads_to_the_unfiltered_list(browser: Browser, played: str) -> None:
    assert Seats.objects.get(pk=played).taken == 1
    assert titles(browser.get(TOURNAMENT_LIST, {"status": "NONSENSE"}).content.decode()) == {"Cup"}

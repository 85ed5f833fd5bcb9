"""The list of active tournaments: what is on it, its filters, its orders over pages, and what it does not take."""

from datetime import timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from esports.models import Tournament
from esports.selectors.tournaments import ORDERINGS
from kgen.clock import database_now
from tests.support.http import GamerCaller, StudioCaller
from tests.support.time import clock_at, hourly

pytestmark = pytest.mark.django_db

ACTIVE = "/fe/esports/tournaments/active"


def listed(gamer: GamerCaller, **query: Any) -> list[dict[str, Any]]:
    """One page."""
    rows: list[dict[str, Any]] = gamer.get(f"{ACTIVE}?{urlencode(query)}").ok()
    return rows


def titles(gamer: GamerCaller, **query: Any) -> list[str]:
    """The titles on one page."""
    return [row["title"] for row in listed(gamer, **query)]


def all_pages(gamer: GamerCaller, limit: int, **query: Any) -> list[list[dict[str, Any]]]:
    """Every page, by following the cursor in the headers."""
    pages, cursor = [], None
    while True:
        sent = query | {"limit": limit} | ({"cursor": cursor} if cursor else {})
        answer = gamer.get(f"{ACTIVE}?{urlencode(sent)}")
        pages.append(answer.ok())
        cursor = answer.headers.get("X-Next-Cursor")
        if cursor is None:
            assert "Link" not in answer.headers
            return pages
        wanted = urlencode(sent | {"cursor": cursor})
        assert answer.headers["Link"] == f'<{ACTIVE}?{wanted}>; rel="next"'


# --- What is on it


def test_the_list_has_scheduled_lobby_started_and_locked_tournaments(
    studio: StudioCaller, other_studio: StudioCaller, gamer: GamerCaller
) -> None:
    # At hour 3: (schedules, lobby, starts, locks, ends)
    hourly(studio, (3, 4, 5, 6, 7), title="scheduled")
    hourly(studio, (1, 3, 5, 6, 7), title="lobby")
    hourly(studio, (1, 2, 3, 6, 7), title="started")
    hourly(studio, (0, 1, 2, 3, 7), title="locked")
    hourly(studio, (0, 1, 1, 2, 3), title="over")
    hourly(studio, (4, 4, 5, 6, 7), title="draft")
    hidden = hourly(studio, (1, 1, 1, 7, 7), title="unpublished")
    Tournament.objects.filter(pk=hidden).update(published_at=None)
    cancelled = hourly(studio, (1, 1, 1, 7, 7), title="cancelled")
    studio.post(f"/s2s/esports/tournaments/{cancelled}/cancel").ok()
    hourly(other_studio, (1, 1, 1, 7, 7), title="foreign")
    # The times were made one after the other, so the clock stands a little behind the last of them.
    with clock_at(database_now() + timedelta(hours=3)):
        found = {row["title"]: row["tournament_status"] for row in listed(gamer)}
        by_filter = {status: titles(gamer, status=status) for status in ("SCHEDULED", "LOBBY", "STARTED", "LOCKED")}
    assert found == {"scheduled": "SCHEDULED", "lobby": "LOBBY", "started": "STARTED", "locked": "LOCKED"}
    assert by_filter == {name.upper(): [name] for name in found}


def test_the_list_of_no_tournaments_is_an_empty_array(gamer: GamerCaller) -> None:
    answer = gamer.get(ACTIVE)
    assert answer.ok() == []
    assert not {"Link", "X-Next-Cursor"} & set(answer.headers)


def test_a_join_changes_only_the_participants_count_in_the_active_list(
    studio: StudioCaller, gamer: GamerCaller
) -> None:
    uid = studio.tournament()
    before = listed(gamer)
    gamer.join(uid).ok()
    assert listed(gamer) == [before[0] | {"participants_count": 1}]


# --- Filters


def test_the_active_list_filters_by_exact_buy_in_and_by_bounds(studio: StudioCaller, gamer: GamerCaller) -> None:
    for price in (0, 5, 10, 20):
        studio.tournament(title=str(price), buy_in_price=price)
    assert titles(gamer, buy_in_price=10) == ["10"]
    assert titles(gamer, buy_in_price=0) == ["0"]
    assert titles(gamer, buy_in_price=7) == []
    assert titles(gamer, buy_in_price_min=5, ordering="buy_in_price") == ["5", "10", "20"]
    assert titles(gamer, buy_in_price_max=5, ordering="buy_in_price") == ["0", "5"]
    assert titles(gamer, buy_in_price_min=5, buy_in_price_max=10, ordering="-buy_in_price") == ["10", "5"]
    assert titles(gamer, buy_in_price_min=11, buy_in_price_max=10) == []
    assert titles(gamer, buy_in_price_max=2**53 - 1, title="2") == ["20"]


def test_the_title_filter_ignores_case_and_takes_wildcards_literally(studio: StudioCaller, gamer: GamerCaller) -> None:
    for title in ("Grand Prix", "grandmaster", "100% Luck", "snake_case", "Été 🏆", "O'Neill \\ Co"):
        studio.tournament(title=title)
    assert sorted(titles(gamer, title="GRAND")) == ["Grand Prix", "grandmaster"]
    assert titles(gamer, title="%") == ["100% Luck"]
    assert titles(gamer, title="_") == ["snake_case"]
    assert titles(gamer, title="\\") == ["O'Neill \\ Co"]
    assert titles(gamer, title="été") == titles(gamer, title="🏆") == ["Été 🏆"]
    assert titles(gamer, title="nothing like it") == []
    assert titles(gamer, title="grand", buy_in_price=11) == []


# --- Order and pages


@pytest.fixture
def varied(studio: StudioCaller) -> list[str]:
    """Seven active tournaments that differ, and some that agree, in everything they can be ordered by."""
    uids = []
    for index in range(7):
        hours = (-9 + index // 2, -6 + index // 3, -3 + index % 2, 1 + index % 3, 5 + index % 4)
        sizes = {"tournament_size": 5 + index % 3, "buy_in_price": index % 2}
        uids.append(hourly(studio, hours, title=f"Cup {'ABBACAB'[index]}", **sizes))
    for index in range(3):
        player = studio.gamer(f"joins-{index}")
        for uid in uids[: 1 + 2 * index]:
            player.join(uid, uids.index(uid) % 2).ok()
    return uids


def test_each_ordering_pages_both_ways_and_shows_every_row_once(varied: list[str], gamer: GamerCaller) -> None:
    for ordering in ORDERINGS:
        whole = listed(gamer, ordering=ordering)
        assert sorted(row["tournament_uid"] for row in whole) == sorted(varied)
        keys = [(row[ordering], row["tournament_uid"]) for row in whole]
        assert all(one < other for one, other in pairwise(keys)), ordering
        assert [row for page in all_pages(gamer, 2, ordering=ordering) for row in page] == whole
        falling = all_pages(gamer, 3, ordering=f"-{ordering}")
        assert [len(page) for page in falling] == [3, 3, 1]
        assert [row for page in falling for row in page] == whole[::-1]
    assert listed(gamer) == listed(gamer, ordering="starts_at_timestamp")


def test_pages_keep_their_filters_and_the_last_page_has_no_next_link(varied: list[str], gamer: GamerCaller) -> None:
    pages = all_pages(gamer, 1, title="b", buy_in_price_max=1, ordering="title")
    assert [[row["title"] for row in page] for page in pages] == [["Cup B"]] * 3
    assert [len(page) for page in all_pages(gamer, 7)] == [7]
    assert [len(page) for page in all_pages(gamer, 6)] == [6, 1]
    assert [len(page) for page in all_pages(gamer, 1000)] == [7]


def test_a_tournament_created_between_pages_moves_no_other_row(
    varied: list[str], studio: StudioCaller, gamer: GamerCaller
) -> None:
    first = gamer.get(f"{ACTIVE}?limit=3&ordering=title")
    earlier, later = studio.tournament(title="AAA"), studio.tournament(title="ZZZ")
    rest = listed(gamer, limit=1000, ordering="title", cursor=first.headers["X-Next-Cursor"])
    seen = [row["tournament_uid"] for row in [*first.ok(), *rest]]
    assert sorted(seen) == sorted([*varied, later])
    assert earlier not in seen


# --- What it does not take


BAD: dict[str, list[str]] = {
    "limit": ["0", "1001", "-1", "1.5", "ten", "", "1_0", "１０", "9" * 5000, " 5", "5 ", "+5", "\0"],
    "status": ["COMPLETED", "DRAFT", "started", "STARTED ", "\0"],
    "ordering": ["id", "--title", "+title", "title,buy_in_price", "client__name", "?", "\0"],
    "title": ["x" * 201, "a\0b"],
    "buy_in_price": ["-1", "1.5", "ten", "1_000", "１０", str(2**53), "9" * 5000, "true", "NaN", "\0"],
    "buy_in_price_min": ["-1", "1e-3", "1e400", str(2**64)],
    "buy_in_price_max": ["-1", "0x10", "Infinity"],
    "cursor": ["x", "é", "=", "AAAA", "a" * 500, "\0", "W10", "bnVsbA"],
}


def test_a_bad_parameter_is_refused_by_name(studio: StudioCaller, gamer: GamerCaller) -> None:
    studio.tournament()
    for name, value in ((name, value) for name, values in BAD.items() for value in values):
        body = gamer.get(f"{ACTIVE}?{name}={quote(value)}").refused(400, "BAD_REQUEST")
        assert [fault["field"] for fault in body["errors"]] == [name], value
        assert all(fault["code"] and fault["detail"] for fault in body["errors"])


def test_all_faults_of_a_query_are_listed_at_once(gamer: GamerCaller) -> None:
    body = gamer.get(f"{ACTIVE}?status=x&buy_in_price=y&ordering=z").refused(400, "BAD_REQUEST")
    assert sorted(fault["field"] for fault in body["errors"]) == ["buy_in_price", "ordering", "status"]


def test_unknown_parameters_are_ignored(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament()
    assert [row["tournament_uid"] for row in listed(gamer, colour="red", page=-7)] == [uid]


def test_a_cursor_works_only_for_its_own_list_and_gamer(
    varied: list[str], studio: StudioCaller, gamer: GamerCaller
) -> None:
    cursor = gamer.get(f"{ACTIVE}?limit=2&ordering=title").headers["X-Next-Cursor"]
    assert len(listed(gamer, limit=5, ordering="title", cursor=cursor)) == 5
    other = studio.gamer("somebody-else")
    for caller, query in [
        (gamer, "ordering=-title"),
        (gamer, "ordering=title&title=cup"),
        (gamer, ""),
        (other, "ordering=title"),
    ]:
        caller.get(f"{ACTIVE}?{query}&cursor={cursor}").refused(400, "BAD_REQUEST")
    changed = cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")
    gamer.get(f"{ACTIVE}?ordering=title&cursor={changed}").refused(400, "BAD_REQUEST")
    gamer.get(f"/fe/esports/tournaments/participated?ordering=title&cursor={cursor}").refused(400, "BAD_REQUEST")

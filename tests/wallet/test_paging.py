"""Pages of a statement: newest first, each entry exactly once, also while new ones arrive; keys of ours only."""

from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.support.addresses import STATEMENT
from tests.support.http import Caller, GamerCaller, StudioCaller
from tests.support.money import book_deposits

pytestmark = pytest.mark.django_db


def page(caller: Caller, path: str = STATEMENT, **query: Any) -> tuple[list[str], str]:
    """The uids of a page and the key of the next."""
    text = "&".join(f"{name}={quote(str(value))}" for name, value in query.items())
    found = caller.get(f"{path}?{text}").ok()
    return [entry["uid"] for entry in found["transactions"]], found["last_evaluated_key"]


def pages(caller: Caller, **query: Any) -> list[list[str]]:
    """All pages."""
    uids, key = page(caller, **query)
    found = [uids]
    while key:
        uids, key = page(caller, last_evaluated_key=key, **query)
        found.append(uids)
        assert len(found) < 100, "the pages never end"
    return found


SIZES = {1: [1] * 11, 2: [2] * 5 + [1], 5: [5, 5, 1], 10: [10, 1], 11: [11], 12: [11], 200: [11]}


def test_pages_hold_each_entry_once_newest_first(gamer: GamerCaller) -> None:
    book_deposits(gamer, 10)
    whole, _ = page(gamer)
    assert len(set(whole)) == 11
    for limit, sizes in SIZES.items():
        found = pages(gamer, limit=limit)
        assert [len(part) for part in found] == sizes
        assert [uid for part in found for uid in part] == whole


def test_a_new_entry_between_pages_repeats_and_hides_none(studio: StudioCaller, gamer: GamerCaller) -> None:
    book_deposits(gamer, 6)
    there, _ = page(gamer)
    seen, key = page(gamer, limit=2)
    while key:
        assert len(seen) < len(there), "the pages never end"
        studio.deposit("player-1", 1, f"while-{len(seen)}").ok(201)
        more, key = page(gamer, limit=2, last_evaluated_key=key)
        seen += more
    assert seen == there
    assert len(page(gamer)[0]) == 7 + 3


def test_filtered_pages_hold_each_entry_once(studio: StudioCaller, gamer: GamerCaller) -> None:
    for index in range(5):
        studio.deposit("player-1", 1, f"d-{index}").ok(201)
        gamer.join(studio.tournament(buy_in_price=1), 1).ok()
    for query, size in (({"type": "JOIN"}, 5), ({"direction": "CREDIT"}, 6)):
        whole, _ = page(gamer, **query)
        assert len(whole) == size
        assert [uid for part in pages(gamer, limit=2, **query) for uid in part] == whole


def test_a_page_has_50_entries_by_default(gamer: GamerCaller) -> None:
    book_deposits(gamer, 200)
    first, key = page(gamer)
    assert (len(first), bool(key)) == (50, True)
    largest, key = page(gamer, limit=200)
    assert (len(largest), len(page(gamer, limit=200, last_evaluated_key=key)[0])) == (200, 1)


def test_sent_and_received_list_only_entries_of_the_page(studio: StudioCaller, gamer: GamerCaller) -> None:
    gamer.join(studio.tournament()).ok()
    found = gamer.get(f"{STATEMENT}?limit=1").ok()
    assert (len(found["transactions"]), len(found["fromTransactions"]), found["toTransactions"]) == (1, 1, [])


def test_an_empty_key_starts_at_the_first_page(gamer: GamerCaller) -> None:
    book_deposits(gamer, 3)
    assert page(gamer, limit=2, last_evaluated_key="")[0] == page(gamer, limit=2)[0]


LIMITS = ["0", "201", "-1", "1.5", "+5", "1e-2", "", "x", "%D9%A3", "1_0", "9" * 5000, "%00"]
KEYS = [
    "x",
    "AAAA",
    "{}",
    "null",
    "%00",
    "%C3%A9",
    "%ED%A0%80",
    "a" * 500,
    "a" * 501,
    "9" * 5000,
    "=",
    " ",
    "eyJhIjoxfQ==",
]


def test_a_limit_is_a_whole_number_from_1_to_200(studio: StudioCaller, gamer: GamerCaller) -> None:
    for limit in LIMITS:
        for caller, path in ((gamer, STATEMENT), (studio, "/s2s/wallet/player-1/transactions")):
            problem = caller.get(f"{path}?limit={limit}").refused(400, "BAD_REQUEST")
            assert [fault["field"] for fault in problem["errors"]] == ["limit"]


def test_a_garbage_key_is_refused(gamer: GamerCaller) -> None:
    for key in KEYS:
        problem = gamer.get(f"{STATEMENT}?last_evaluated_key={key}").refused(400, "BAD_REQUEST")
        assert [fault["field"] for fault in problem["errors"]] == ["last_evaluated_key"]


def test_a_key_with_one_character_changed_is_refused(gamer: GamerCaller) -> None:
    book_deposits(gamer, 3)
    _, key = page(gamer, limit=1)
    for index in range(0, len(key) - 1, 9):
        forged = key[:index] + ("A" if key[index] != "A" else "B") + key[index + 1 :]
        gamer.get(f"{STATEMENT}?last_evaluated_key={forged}").refused(400, "BAD_REQUEST")


def test_a_key_works_only_for_its_own_list(
    studio: StudioCaller, other_studio: StudioCaller, gamer: GamerCaller
) -> None:
    mate, stranger = studio.gamer("player-2"), other_studio.gamer("player-1")
    for holder in (gamer, mate, stranger):
        book_deposits(holder, 3)
    _, key = page(gamer, limit=1)
    _, studios = page(studio, "/s2s/wallet/player-1/transactions", limit=1)
    strangers = [
        (gamer, f"{STATEMENT}?type=DEPOSIT&last_evaluated_key={key}"),
        (gamer, f"{STATEMENT}?direction=CREDIT&last_evaluated_key={key}"),
        (gamer, f"{STATEMENT}?last_evaluated_key={studios}"),
        (mate, f"{STATEMENT}?last_evaluated_key={key}"),
        (stranger, f"{STATEMENT}?last_evaluated_key={key}"),
        (studio, f"/s2s/wallet/player-1/transactions?last_evaluated_key={key}"),
        (studio, f"/s2s/wallet/player-2/transactions?last_evaluated_key={studios}"),
        (other_studio, f"/s2s/wallet/player-1/transactions?last_evaluated_key={studios}"),
    ]
    for caller, path in strangers:
        problem = caller.get(path).refused(400, "BAD_REQUEST")
        assert [fault["field"] for fault in problem["errors"]] == ["last_evaluated_key"]


def test_a_key_works_under_another_limit_and_in_another_session(studio: StudioCaller, gamer: GamerCaller) -> None:
    book_deposits(gamer, 5)
    whole, _ = page(gamer)
    _, key = page(gamer, limit=2)
    again = studio.gamer("player-1")
    assert page(again, limit=3, last_evaluated_key=key)[0] == whole[2:5]
    assert page(again, STATEMENT + "/", limit=3, last_evaluated_key=key)[0] == whole[2:5]


def test_a_statement_needs_as_many_queries_for_100_entries_as_for_one(gamer: GamerCaller) -> None:
    counts = []
    for more in (0, 99):
        book_deposits(gamer, more) if more else None
        with CaptureQueriesContext(connection) as queries:
            page(gamer, limit=200)
        counts.append(len(queries))
    assert counts[0] == counts[1]

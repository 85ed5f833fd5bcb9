"""Lists: bounds of `limit`, cursors that are opaque and belong to one list, the next page in two headers."""

import base64
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from esports.models import Participation
from tests.support.arena import Arena
from tests.support.calls import LIST_CALLS, SERIES, SERIES_TERMS
from tests.support.http import Answer, Caller, StudioCaller
from tests.support.ranks import write_rows
from users.models import Client, Gamer
from wallet.models import Wallet

pytestmark = pytest.mark.django_db

PATHS = list(LIST_CALLS)


def cursor_name(path: str) -> str:
    """What the list calls its cursor."""
    return "last_evaluated_key" if path.endswith("/transactions") else "cursor"


def next_cursor(path: str, answer: Answer) -> str | None:
    """The next page's cursor, from where this list tells of it."""
    if path.endswith("/transactions"):
        return answer.json["last_evaluated_key"] or None
    return answer.headers.get("X-Next-Cursor")


def rows_of(path: str, answer: Answer) -> list[Any]:
    """The page's rows."""
    if path.endswith("/transactions"):
        return list(answer.json["transactions"])
    return list(answer.json["leaderboard"] if path.endswith("/leaderboard") else answer.json)


@pytest.fixture
def busy(arena: Arena) -> Arena:
    """Three rows or more in every list."""
    studio, gamer = arena.studio, arena.gamer
    for number in (1, 2, 3):
        uid = studio.tournament(title=f"Over {number}", buy_in_price=0)
        gamer.join(uid, 0).ok()
        studio.post(f"/s2s/esports/tournaments/{uid}/cancel").ok()
        rival = studio.gamer(f"rival-{number}")
        rival.join(arena.uid).ok()
        rival.score(arena.uid, number).ok()
    gamer.score(arena.uid, 4).ok()
    gamer.join(arena.spare_uid).ok()
    studio.tournament()
    for title in ("Weekly cup", "Monthly cup"):
        studio.post(SERIES, SERIES_TERMS | {"title": title}).ok(201)
    return arena


def test_pages_of_one_row_show_every_row_once_in_the_same_order(busy: Arena) -> None:
    for path in PATHS:
        caller, whole_path = busy.caller(LIST_CALLS[path][0]), busy.path(path)
        whole = caller.get(whole_path)
        rows, cursor, seen = rows_of(path, whole), None, []
        assert len(rows) >= 3
        assert next_cursor(path, whole) is None
        assert "Link" not in whole.headers
        for number in range(len(rows)):
            query = f"?limit=1&{cursor_name(path)}={cursor}" if cursor else "?limit=1"
            page = caller.get(whole_path + query)
            seen += rows_of(path, page)
            cursor = next_cursor(path, page)
            assert (cursor is None) == (number == len(rows) - 1), path
        assert seen == rows


def test_the_link_header_leads_to_the_next_page_with_the_same_query(busy: Arena) -> None:
    for path in PATHS:
        if path.endswith("/transactions"):
            continue
        caller = busy.caller(LIST_CALLS[path][0])
        page = caller.get(busy.path(path) + "?limit=2&odd=a%26b")
        found = re.fullmatch(r'<([^>]+)>; rel="next"', page.headers["Link"])
        assert found
        target, cursor = urlsplit(found[1]), page.headers["X-Next-Cursor"]
        assert parse_qs(target.query) == {"limit": ["2"], "odd": ["a&b"], "cursor": [cursor]}
        assert target.path == busy.path(path)
        whole = rows_of(path, caller.get(busy.path(path)))
        assert rows_of(path, caller.get(found[1])) == whole[2:4]
        if path.endswith("/leaderboard"):
            assert page.json["next_cursor"] == cursor


def test_limit_outside_its_bounds_is_refused(arena: Arena) -> None:
    for path in PATHS:
        caller, most = arena.caller(LIST_CALLS[path][0]), 200 if path.endswith("/transactions") else 1000
        for right in (1, most):
            caller.get(f"{arena.path(path)}?limit={right}").ok()
        for wrong in (0, -1, most + 1, 10**6, "", "ten"):
            problem = caller.get(f"{arena.path(path)}?limit={wrong}").refused(400, "BAD_REQUEST")
            assert [fault["field"] for fault in problem["errors"]] == ["limit"], wrong


def test_a_statement_has_50_entries_a_page_by_default(arena: Arena) -> None:
    for number in range(50):
        arena.studio.deposit("player-1", 1, f"r{number}").ok(201)
    for caller, path in ((arena.gamer, "/fe/wallet"), (arena.studio, "/s2s/wallet/player-1")):
        page = caller.get(f"{path}/transactions").ok()
        assert len(page["transactions"]) == 50
        rest = caller.get(f"{path}/transactions?last_evaluated_key={page['last_evaluated_key']}").ok()
        assert (len(rest["transactions"]), rest["last_evaluated_key"]) == (3, "")


def test_a_leaderboard_has_100_rows_a_page_by_default(arena: Arena) -> None:
    seat_gamers_with_scores(arena, 101)
    for path in PATHS:
        if path.endswith("/leaderboard"):
            answer = arena.caller(LIST_CALLS[path][0]).get(arena.path(path))
            assert (len(answer.ok()["leaderboard"]), bool(next_cursor(path, answer))) == (100, True)


def seat_gamers_with_scores(arena: Arena, count: int) -> None:
    """So many gamers with a score each, written at once: their money is not what is tested."""
    client, now = Client.objects.get(pk=arena.studio.client_id), datetime.now(UTC)
    made = {"client_id": client.pk, "created_at": now}
    wallets = [Wallet(**made, currency="KCASH", address=f"0x{number:040x}") for number in range(count)]
    gamers = [
        Gamer(**made, user_id=f"extra-{number}", wallet=wallet, updated_at=now) for number, wallet in enumerate(wallets)
    ]
    standing = {"score": 1, "reached_at": now, "rank_key": -1}
    participations = [
        Participation(client=client, tournament_id=arena.uid, gamer=gamer, stake=0, joined_at=now, **standing)
        for gamer in gamers
    ]
    Wallet.objects.bulk_create(wallets)
    Gamer.objects.bulk_create(gamers)
    Participation.objects.bulk_create(participations)
    write_rows(arena.uid)


def garbled(cursor: str) -> list[str]:
    """Cursors that are almost this one."""
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    other_values = base64.urlsafe_b64encode(raw[:9] + b'["2030-01-01T00:00:00+00:00",1]').decode().rstrip("=")
    flipped = "A" if cursor[0] != "A" else "B"
    return [flipped + cursor[1:], cursor[:-2], cursor + "AA", cursor + "==", cursor[::-1], other_values, "null", "0"]


def test_a_malformed_or_foreign_cursor_is_refused(busy: Arena, other_studio: StudioCaller) -> None:
    others: dict[str, list[Caller]] = {
        "gamer": [busy.studio.gamer("rival-1"), other_studio.gamer("player-1")],
        "studio": [other_studio],
    }
    for path in PATHS:
        name, audience = cursor_name(path), LIST_CALLS[path][0]
        caller = busy.caller(audience)
        cursor = next_cursor(path, caller.get(busy.path(path) + "?limit=1"))
        assert cursor
        for wrong in garbled(cursor):
            refuse(caller, f"{busy.path(path)}?{name}={wrong}", name)
        for other in others[audience]:
            answer = other.get(f"{busy.path(path)}?{name}={cursor}")
            # Another client's tournament is unknown before its cursor is looked at.
            assert (answer.status, answer.code) in [(400, "BAD_REQUEST"), (404, "TOURNAMENT_NOT_FOUND")]


def test_a_cursor_of_another_list_is_refused(busy: Arena) -> None:
    for path in PATHS:
        caller = busy.caller(LIST_CALLS[path][0])
        cursor = next_cursor(path, caller.get(busy.path(path) + "?limit=1"))
        for other in PATHS:
            if other != path:
                url = f"{busy.path(other)}?{cursor_name(other)}={cursor}"
                refuse(busy.caller(LIST_CALLS[other][0]), url, cursor_name(other))


def refuse(caller: Caller, url: str, field: str) -> None:
    """The call is a 400 that names its cursor."""
    problem = caller.get(url).refused(400, "BAD_REQUEST")
    assert [fault["field"] for fault in problem["errors"]] == [field], url


def test_a_cursor_works_only_for_its_filter_and_order_with_any_limit(busy: Arena) -> None:
    path = "/fe/esports/tournaments/active"
    cursor = busy.gamer.get(f"{path}?limit=1&ordering=-title").headers["X-Next-Cursor"]
    assert len(busy.gamer.get(f"{path}?limit=5&ordering=-title&cursor={cursor}").ok()) == 2
    for other in ("ordering=title", "", "ordering=-title&status=STARTED", "ordering=-title&title=C"):
        refuse(busy.gamer, f"{path}?{other}&cursor={cursor}", "cursor")
    path = "/fe/wallet/transactions"
    cursor = busy.gamer.get(f"{path}?limit=1&type=JOIN").json["last_evaluated_key"]
    refuse(busy.gamer, f"{path}?last_evaluated_key={cursor}", "last_evaluated_key")
    assert len(busy.gamer.get(f"{path}?type=JOIN&last_evaluated_key={cursor}").ok()["transactions"]) == 1


def test_a_cursor_works_with_and_without_the_trailing_slash(busy: Arena) -> None:
    cursor = busy.gamer.get("/fe/esports/tournaments/participated?limit=1").headers["X-Next-Cursor"]
    plain, slashed = (
        busy.gamer.get(f"/fe/esports/tournaments/participated{slash}?cursor={cursor}").ok() for slash in ("", "/")
    )
    assert plain == slashed
    assert len(plain) == 4


def test_rows_created_between_pages_move_no_row_of_later_pages(busy: Arena) -> None:
    path = "/s2s/esports/tournaments"
    whole = busy.studio.get(path).ok()
    page = busy.studio.get(f"{path}?limit=2")
    busy.studio.tournament()
    rest = busy.studio.get(f"{path}?cursor={page.headers['X-Next-Cursor']}").ok()
    assert [row["tournament_uid"] for row in page.json + rest] == [row["tournament_uid"] for row in whole]

"""The number of queries of a call does not grow with its rows: two rows cost as many as twenty."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kgen.valkey import valkey
from tests.support.http import Answer, GamerCaller, StudioCaller
from tests.support.organising import seat_many
from tests.support.ranks import board
from tests.support.time import move
from tests.support.ways import Chosen, Way

pytestmark = pytest.mark.django_db

SHARES = {"kind": "shares", "bands": [{"from_rank": 1, "to_rank": 1, "share_bp": 5000}]}


def cost(call: Callable[[], Answer], rows: int) -> int:
    """How many queries a call takes that must show so many rows; asked twice, because the first may warm something."""
    call().ok()
    with CaptureQueriesContext(connection) as queries:
        shown = call().ok()
    listed = shown if isinstance(shown, list) else shown.get("leaderboard", shown.get("transactions"))
    assert len(listed) == rows
    return len(queries)


def check_growth(call: Callable[[], Answer], grow: Callable[[int], Any], most: int) -> None:
    """The call costs as much for 2 rows as for 20, and no more than `most` queries."""
    grow(2)
    few = cost(call, 2)
    grow(18)
    many = cost(call, 20)
    assert few == many <= most


@pytest.mark.parametrize("query", ["", "?ordering=-participants_count&status=STARTED&title=c&buy_in_price_min=0"])
def test_the_active_list(studio: StudioCaller, gamer: GamerCaller, query: str) -> None:
    check_growth(
        lambda: gamer.get(f"/fe/esports/tournaments/active{query}"),
        lambda count: make(studio, count),
        most=2,
    )


def test_the_studios_list(studio: StudioCaller) -> None:
    def grow(count: int) -> None:
        made = make(studio, count)
        for uid in made[: count // 2]:  # the end makes it matter whether anybody has a score
            move(uid, locks_at=-0.001, ends_at=0)

    check_growth(lambda: studio.get("/s2s/esports/tournaments"), grow, most=3)


def test_what_a_gamer_takes_part_in(studio: StudioCaller, gamer: GamerCaller) -> None:
    check_growth(
        lambda: gamer.get("/fe/esports/tournaments/participated"),
        lambda count: [gamer.join(uid, 0).ok() for uid in make(studio, count)],
        most=2,
    )


def test_what_has_ended_for_a_gamer(studio: StudioCaller, gamer: GamerCaller) -> None:
    # Half of it completed, half of it cancelled.
    def grow(count: int) -> None:
        for index, uid in enumerate(make(studio, count, min_participants=1, sponsored_amount=9, prize_table=SHARES)):
            gamer.join(uid, 0).ok()
            if index % 2:
                gamer.score(uid, index).ok()
            move(uid, locks_at=-0.001, ends_at=0)

    check_growth(lambda: gamer.get("/fe/esports/statistics/historic"), grow, most=4)


BOARDS = [
    "/fe/esports/tournaments/{uid}/leaderboard",
    "/fe/esports/tournaments/{uid}/leaderboard?around=me",
    "/fe/esports/leaderboards/{uid}/leaderboard",
    "/s2s/esports/tournaments/{uid}/leaderboard",
]


@pytest.mark.parametrize("path", BOARDS)
def test_leaderboards(studio: StudioCaller, other_studio: StudioCaller, path: str) -> None:
    def of(game: StudioCaller, size: int) -> int:
        uid = game.tournament(buy_in_price=0)
        names = seat_many(uid, size)
        score_all(game, uid, names)
        caller = game if path.startswith("/s2s") else game.gamer(names[1])
        return cost(lambda: caller.get(path.format(uid=uid)), size)

    assert of(studio, 2) == of(other_studio, 20) <= 5


def test_a_page_and_a_place_behind_it(studio: StudioCaller, other_studio: StudioCaller) -> None:
    # The last one's own place is not on the page: it comes from the set, which is made for it first.
    def of(game: StudioCaller, size: int) -> int:
        uid = game.tournament(buy_in_price=0)
        names = seat_many(uid, size + 2)
        score_all(game, uid, names[::-1])
        last = game.gamer(names[-1])
        cursor = last.board(uid, "?limit=1")["next_cursor"]
        for key in valkey().keys(f"{board(uid).ranks}*"):
            valkey().delete(key)
        with CaptureQueriesContext(connection) as queries:
            shown = last.board(uid, f"?limit={size}&cursor={cursor}")
        assert (len(shown["leaderboard"]), shown["me"]["rank"]) == (size, size + 2)
        return len(queries)

    assert of(studio, 2) == of(other_studio, 20) <= 7


def test_bulk_scores(studio: StudioCaller) -> None:
    uid = studio.tournament(buy_in_price=0)
    names = seat_many(uid, 20)
    score_all(studio, uid, names, event="first")
    counts = []
    for size in (2, 20):
        with CaptureQueriesContext(connection) as queries:
            score_all(studio, uid, names[:size], event=f"of {size}")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 13


@pytest.mark.parametrize("served", list(Way), ids=str)
def test_play(studio: StudioCaller, gamer: GamerCaller, served: Way) -> None:
    """Each call for the second time: the first one may warm something."""
    most = {"join": 8, "leave": 11, "score": 4, "session": 5, "balance": 2}
    Chosen.way = served
    calls: dict[str, Callable[[str], Answer]] = {
        "join": lambda uid: gamer.join(uid, 10),
        "leave": gamer.leave,
        "score": lambda uid: gamer.score(uid, 5),
        "session": lambda uid: studio.post("/s2s/session", {"user_id": gamer.user_id}),
        "balance": lambda uid: gamer.get("/fe/wallet/balance"),
    }
    counts = {}
    for uid in (studio.tournament(), studio.tournament()):
        for name, call in calls.items():
            if name == "score":
                gamer.join(uid, 10).ok()
            with CaptureQueriesContext(connection) as queries:
                call(uid).ok()
            counts[name] = sum("SAVEPOINT" not in query["sql"] for query in queries.captured_queries)
    assert counts == most


def test_a_statement(studio: StudioCaller, gamer: GamerCaller) -> None:
    def grow(count: int) -> None:
        for index in range(count - (count == 2)):  # the welcome bonus is the first
            studio.deposit(gamer.user_id, 1, f"{count}-{index}").ok(201)

    check_growth(lambda: gamer.get("/fe/wallet/transactions"), grow, most=3)


def test_the_consoles_list(studio: StudioCaller, other_studio: StudioCaller, admin_client: Any) -> None:
    counts = []
    admin_client.get("/console/")  # the session notes that somebody is at work
    for count in (1, 9):
        make(studio, count)
        make(other_studio, count)
        with CaptureQueriesContext(connection) as queries:
            page = admin_client.get("/console/esports/tournament/").content.decode()
        counts.append((page.count("field-status"), len(queries)))
    assert [rows for rows, _ in counts] == [2, 20]
    assert counts[0][1] == counts[1][1]


def make(studio: StudioCaller, count: int, **fields: Any) -> list[str]:
    """So many free tournaments."""
    return [studio.tournament(buy_in_price=0, **fields) for _ in range(count)]


def score_all(studio: StudioCaller, uid: str, names: list[str], event: str | None = None) -> None:
    """A score for each from the studio's server."""
    rows = [{"user_id": name, "value": value, "event_id": event} for value, name in enumerate(names)]
    results = studio.post(f"/s2s/esports/tournaments/{uid}/scores", {"scores": rows}).ok()["results"]
    assert [result["status"] for result in results] == ["accepted"] * len(names)

"""Leaderboards over HTTP: the total order, one's own place, pages, and what else the answer holds."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from esports.models import Participation
from kgen.clock import database_now
from tests.support.http import GamerCaller, Gamers, StudioCaller
from tests.support.organising import seat_many
from tests.support.time import clock_at

pytestmark = pytest.mark.django_db

Row = dict[str, Any]


def post(studio: StudioCaller, uid: str, **scores: int) -> None:
    """Scores from the studio's server, by user_id."""
    rows = [{"user_id": name.replace("_", "-"), "value": value} for name, value in scores.items()]
    results = studio.post(f"/s2s/esports/tournaments/{uid}/scores", {"scores": rows}).ok()["results"]
    assert {result["status"] for result in results} == {"accepted"}


def ladder(studio: StudioCaller, count: int) -> tuple[str, list[str]]:
    """A tournament and its gamers, who rank in the order of their names; the best has the score `count`."""
    uid = studio.tournament(buy_in_price=0, tournament_size=count + 3)
    names = seat_many(uid, count)
    post(studio, uid, **{name: count - index for index, name in enumerate(names)})
    return uid, names


def ranked(board: Any) -> list[tuple[int, str]]:
    """(rank, user_id) of the rows."""
    return [(row["rank"], row["user_id"]) for row in board["leaderboard"]]


def pages(caller: Any, path: str, **query: Any) -> list[Any]:
    """Every page of a board, by following the cursor in the body, which is the headers' too."""
    found = []
    while True:
        answer = caller.get(f"{path}?{urlencode(query)}")
        found.append(answer.ok())
        cursor = found[-1]["next_cursor"]
        assert answer.headers.get("X-Next-Cursor") == cursor
        if cursor is None:
            assert "Link" not in answer.headers
            return found
        query = query | {"cursor": cursor}
        assert answer.headers["Link"] == f'<{path}?{urlencode(query)}>; rel="next"'


# --- What an answer holds


def test_a_leaderboard_answer_has_exactly_the_documented_members(studio: StudioCaller, gamers: Gamers) -> None:
    uid = studio.tournament()
    ann, bob, carl = studio.gamer("ann", username="Ann ✨"), studio.gamer("bob"), studio.gamer("carl")
    for gamer in (ann, bob, carl):
        gamer.join(uid).ok()
    ann.score(uid, -7).ok()
    bob.score(uid, 12).ok()
    rows = [
        {"user_id": "bob", "score": 12, "rank": 1, "shared_rank": 1, "username": ""},
        {"user_id": "ann", "score": -7, "rank": 2, "shared_rank": 2, "username": "Ann ✨"},
    ]
    whole = {"leaderboard": rows, "price_pool": 10, "winners": [], "next_cursor": None, "participants_count": 3}
    older = f"/fe/esports/leaderboards/{uid}/leaderboard"
    for caller, me in (
        (ann, {"rank": 2, "score": -7, "shared_rank": 2}),
        (bob, {"rank": 1, "score": 12, "shared_rank": 1}),
        (carl, None),
    ):
        assert caller.board(uid) == caller.get(older).ok() == caller.get(older + "/").ok() == whole | {"me": me}
    assert studio.get(f"/s2s/esports/tournaments/{uid}/leaderboard").ok() == whole | {"me": None}


def test_a_gamer_without_a_score_is_not_listed(studio: StudioCaller, gamers: Gamers) -> None:
    ann, bob = gamers(2)
    uid = studio.tournament()
    ann.join(uid).ok()
    bob.join(uid).ok()
    bob.leave(uid).ok()
    board = ann.board(uid)
    assert (board["leaderboard"], board["me"], board["participants_count"]) == ([], None, 1)
    assert ann.board(uid, "?around=me")["leaderboard"] == []


def test_the_price_pool_equals_the_prizes_at_the_current_field_size(studio: StudioCaller, gamers: Gamers) -> None:
    uid = studio.tournament(buy_in_price=10)
    players, pools = gamers(5), []
    for player in players:
        player.join(uid).ok()
        pools.append(player.board(uid)["price_pool"])
    for player in players[:2]:
        player.leave(uid).ok()
        pools.append(player.board(uid)["price_pool"])
    assert pools == [0, 0, 10, 15, 25, 15, 10]
    bands = [{"from_rank": 1, "to_rank": 2, "share_bp": 2_500}, {"from_rank": 3, "to_rank": 3, "share_bp": 5_000}]
    shared = studio.tournament(buy_in_price=0, sponsored_amount=101, prize_table={"kind": "shares", "bands": bands})
    for player, pool in zip(players, (12, 24, 74, 74, 74), strict=True):
        player.join(shared, 0).ok()
        assert player.board(shared)["price_pool"] == pool


def test_a_board_is_shown_after_the_end_and_after_a_cancellation(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament()
    gamer.join(uid).ok()
    gamer.score(uid, 4).ok()
    studio.post(f"/s2s/esports/tournaments/{uid}/cancel").ok()
    board = gamer.board(uid)
    assert (ranked(board), board["me"], board["winners"]) == (
        [(1, gamer.user_id)],
        {"rank": 1, "score": 4, "shared_rank": 1},
        [],
    )


# --- The order


def test_ties_are_broken_by_the_time_of_the_score_and_then_of_joining(studio: StudioCaller, gamers: Gamers) -> None:
    ann, bob, carl, dan = gamers(4)
    uid = studio.tournament(buy_in_price=0)
    start = database_now()
    joins = [(carl, 1), (bob, 2), (dan, 3), (ann, 4)]
    for gamer, second in joins:
        with clock_at(start + timedelta(seconds=second)):
            gamer.join(uid, 0).ok()
    with clock_at(start + timedelta(seconds=10)):
        for gamer in (ann, bob, carl):
            gamer.score(uid, 5).ok()
    with clock_at(start + timedelta(seconds=9)):
        dan.score(uid, 5).ok()
    assert ranked(ann.board(uid)) == [
        (1, dan.user_id),  # reached it first
        (2, carl.user_id),  # the others reached it together
        (3, bob.user_id),
        (4, ann.user_id),
    ]
    assert [gamer.board(uid)["me"]["rank"] for gamer in (dan, carl, bob, ann)] == [1, 2, 3, 4]


def test_a_tie_in_score_and_times_is_broken_by_id(studio: StudioCaller) -> None:
    uid = studio.tournament(buy_in_price=0)
    names = seat_many(uid, 6)
    Participation.objects.update(joined_at=database_now())
    post(studio, uid, **dict.fromkeys(names, 1))
    by_id = list(Participation.objects.order_by("id").values_list("gamer__user_id", flat=True))
    board = studio.get(f"/s2s/esports/tournaments/{uid}/leaderboard").ok()
    assert ranked(board) == list(enumerate(by_id, start=1))
    mine = [studio.gamer(name).board(uid, "?limit=1")["me"]["rank"] for name in by_id]
    assert mine == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(("order", "expected"), [("desc", [9, 0, -9]), ("asc", [-9, 0, 9])])
def test_the_score_order_decides_whether_high_or_low_scores_lead(
    studio: StudioCaller, gamers: Gamers, order: str, expected: list[int]
) -> None:
    uid = studio.tournament(buy_in_price=0, score_order=order)
    for gamer, score in zip(gamers(3), (0, 9, -9), strict=True):
        gamer.join(uid, 0).ok()
        gamer.score(uid, score).ok()
    board = gamer.board(uid)
    assert [(row["rank"], row["score"]) for row in board["leaderboard"]] == list(enumerate(expected, start=1))
    assert board["me"] == {"rank": expected.index(-9) + 1, "score": -9, "shared_rank": expected.index(-9) + 1}


# --- About one's own place


AROUND = [
    # (my rank, limit, the ranks on the page) of eleven
    (1, 5, [1, 2, 3, 4, 5]),
    (2, 5, [1, 2, 3, 4, 5]),
    (3, 5, [1, 2, 3, 4, 5]),
    (6, 5, [4, 5, 6, 7, 8]),
    (6, 4, [4, 5, 6, 7]),
    (6, 1, [6]),
    (6, 2, [5, 6]),
    (10, 5, [7, 8, 9, 10, 11]),
    (11, 5, [7, 8, 9, 10, 11]),
    (10, 10, list(range(2, 12))),
    (11, 11, list(range(1, 12))),
    (11, 1, [11]),
    (6, 1000, list(range(1, 12))),
]


def test_around_me_shows_the_rows_next_to_the_caller(studio: StudioCaller) -> None:
    uid, names = ladder(studio, 11)
    for mine, limit, expected in AROUND:
        gamer = studio.gamer(names[mine - 1])
        board = gamer.board(uid, f"?around=me&limit={limit}")
        assert ranked(board) == [(rank, names[rank - 1]) for rank in expected]
        assert board["me"] == {"rank": mine, "score": 12 - mine, "shared_rank": mine}
        assert (board["next_cursor"] is None) is (expected[-1] == 11)
        if board["next_cursor"]:
            following = gamer.board(uid, f"?limit=1000&cursor={board['next_cursor']}")
            assert [rank for rank, _ in ranked(following)] == list(range(expected[-1] + 1, 12))


def test_around_me_shows_the_top_to_a_caller_without_a_score(studio: StudioCaller) -> None:
    uid, names = ladder(studio, 5)
    onlooker = studio.gamer("onlooker")
    for step in (lambda: None, lambda: onlooker.join(uid, 0)):
        step()
        board = onlooker.board(uid, "?around=me&limit=2")
        assert (ranked(board), board["me"]) == ([(1, names[0]), (2, names[1])], None)


def test_the_parts_of_one_answer_agree(studio: StudioCaller) -> None:
    uid, names = ladder(studio, 5)
    gamer = studio.gamer(names[0])
    assert gamer.board(uid, "?around=me&limit=1")["me"] == {"rank": 1, "score": 5, "shared_rank": 1}
    post(studio, uid, seated_3=9, seated_4=9)
    # Ranks that are kept elsewhere may be half a second old by now.
    for query in ("?around=me&limit=5", "?limit=5", "?around=me&limit=1000"):
        board = gamer.board(uid, query)
        assert ranked(board) == list(enumerate(["seated-3", "seated-4", *names[:3]], start=1))
        assert board["me"] == {"rank": 3, "score": 5, "shared_rank": 3}
    for limit in (1, 2, 3):
        board = gamer.board(uid, f"?around=me&limit={limit}")
        listed = {row["user_id"]: row["rank"] for row in board["leaderboard"]}
        assert board["me"]["rank"] == listed[names[0]]
        assert min(listed.values()) >= 1


# --- Pages


def test_pages_show_every_row_once_with_its_rank(studio: StudioCaller) -> None:
    uid, names = ladder(studio, 7)
    whole = list(enumerate(names, start=1))
    gamer = studio.gamer(names[4])
    for caller, path in (
        (gamer, f"/fe/esports/tournaments/{uid}/leaderboard"),
        (gamer, f"/fe/esports/leaderboards/{uid}/leaderboard"),
        (studio, f"/s2s/esports/tournaments/{uid}/leaderboard"),
    ):
        for limit in (1, 3, 7, 8):
            found = pages(caller, path, limit=limit)
            assert [row for page in found for row in ranked(page)] == whole
            assert len(found) == -(-7 // limit)
            assert {str(page["me"]) for page in found} == {
                str({"rank": 5, "score": 3, "shared_rank": 5} if caller is gamer else None)
            }


def test_paging_shows_unchanged_rows_once_while_other_rows_move(studio: StudioCaller) -> None:
    uid, names = ladder(studio, 9)
    path = f"/s2s/esports/tournaments/{uid}/leaderboard"
    first = studio.get(f"{path}?limit=3").ok()
    # One moves from behind to the front, one from the front to behind, and a new one comes in at the front.
    post(studio, uid, seated_8=100, seated_0=0)
    latecomer = studio.gamer("latecomer")
    latecomer.join(uid, 0).ok()
    latecomer.score(uid, 200).ok()
    second = studio.get(f"{path}?limit=3&cursor={first['next_cursor']}").ok()
    post(studio, uid, seated_7=50)
    rest = studio.get(f"{path}?limit=1000&cursor={second['next_cursor']}").ok()
    seen = [row["user_id"] for page in (first, second, rest) for row in page["leaderboard"]]
    assert seen[:3] == names[:3]
    stayed = [name for name in names if name not in ("seated-0", "seated-7", "seated-8")]
    assert sorted(name for name in seen if name in stayed) == stayed
    assert (seen.count("seated-0"), seen.count("seated-8"), seen.count("latecomer")) == (2, 0, 0)


def test_a_page_has_100_rows_by_default(studio: StudioCaller) -> None:
    uid, names = ladder(studio, 102)
    board = studio.get(f"/s2s/esports/tournaments/{uid}/leaderboard").ok()
    assert ranked(board) == list(enumerate(names[:100], start=1))
    assert len(studio.get(f"/s2s/esports/tournaments/{uid}/leaderboard?limit=1000").ok()["leaderboard"]) == 102
    gamer = studio.gamer(names[60])
    around = gamer.board(uid, "?around=me")
    assert [rank for rank, _ in ranked(around)] == list(range(3, 103))


def test_a_bad_parameter_is_refused_by_name(studio: StudioCaller) -> None:
    uid, names = ladder(studio, 3)
    gamer = studio.gamer(names[0])
    bad = {
        "limit": ["0", "1001", "-1", "2.5", "x", "", "１", "\0"],
        "around": ["you", "", "ME", "\0"],
        "cursor": ["x", "AAAA", "é", "\0", "W10"],
    }
    for name, values in bad.items():
        for value in values:
            answer = gamer.get(f"/fe/esports/tournaments/{uid}/leaderboard?{name}={quote(value)}")
            assert [fault["field"] for fault in answer.refused(400, "BAD_REQUEST")["errors"]] == [name], value


def test_a_cursor_works_only_for_its_own_board_and_caller(studio: StudioCaller) -> None:
    uid, names = ladder(studio, 3)
    other = studio.tournament()
    gamer, neighbour = studio.gamer(names[0]), studio.gamer(names[1])
    cursor = gamer.board(uid, "?limit=1")["next_cursor"]
    assert len(gamer.board(uid, f"?cursor={cursor}")["leaderboard"]) == 2
    for caller, path in (
        (gamer, f"/fe/esports/tournaments/{other}/leaderboard"),
        (neighbour, f"/fe/esports/tournaments/{uid}/leaderboard"),
        (studio, f"/s2s/esports/tournaments/{uid}/leaderboard"),
    ):
        caller.get(f"{path}?cursor={cursor}").refused(400, "BAD_REQUEST")

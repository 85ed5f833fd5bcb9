"""What a gamer has joined, and how it ended."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from kgen.clock import database_now
from rewards.services.settling import settle_due
from tests.support.addresses import HISTORIC
from tests.support.http import GamerCaller, Gamers, StudioCaller
from tests.support.organising import soon
from tests.support.time import clock_at, move, timetable

pytestmark = pytest.mark.django_db

PARTICIPATED = "/fe/esports/tournaments/participated"
SHARES = {"kind": "shares", "bands": [{"from_rank": 1, "to_rank": 1, "share_bp": 5000}]}


def pages(gamer: GamerCaller, path: str, limit: int) -> list[list[Any]]:
    """Every page of a list, by following the cursor in the headers."""
    found, query = [], {"limit": limit}
    while True:
        answer = gamer.get(f"{path}?{urlencode(query)}")
        found.append(answer.ok())
        if "X-Next-Cursor" not in answer.headers:
            return found
        query = {"limit": limit, "cursor": answer.headers["X-Next-Cursor"]}
        assert answer.headers["Link"] == f'<{path}?{urlencode(query)}>; rel="next"'


def over(studio: StudioCaller, gamers: list[GamerCaller], scores: list[int | None], **fields: Any) -> str:
    """A tournament of these gamers, who scored that, and that ended a moment ago."""
    uid = studio.tournament(**fields)
    for gamer, score in zip(gamers, scores, strict=True):
        gamer.join(uid, fields.get("buy_in_price", 10)).ok()
        if score is not None:
            gamer.score(uid, score).ok()
    move(uid, locks_at=-0.001, ends_at=0)
    return uid


# --- Participated


def test_participated_lists_live_participations_newest_join_first(studio: StudioCaller, gamer: GamerCaller) -> None:
    uids = [studio.tournament(buy_in_price=1) for _ in range(4)]
    for uid in (uids[2], uids[0], uids[3], uids[1]):
        gamer.join(uid, 1).ok()
    assert gamer.get(PARTICIPATED).ok() == [uids[1], uids[3], uids[0], uids[2]]
    gamer.leave(uids[3]).ok()
    assert gamer.get(PARTICIPATED).ok() == [uids[1], uids[0], uids[2]]
    gamer.leave(uids[2]).ok()
    gamer.join(uids[2], 1).ok()
    assert gamer.get(PARTICIPATED).ok() == [uids[2], uids[1], uids[0]]


def test_participated_keeps_cancelled_and_completed_tournaments(studio: StudioCaller, gamer: GamerCaller) -> None:
    by_hand, by_clock, live = (studio.tournament(buy_in_price=1) for _ in range(3))
    for uid in (by_hand, by_clock, live):
        gamer.join(uid, 1).ok()
    studio.post(f"/s2s/esports/tournaments/{by_hand}/cancel").ok()
    move(by_clock, locks_at=-0.001, ends_at=0)
    assert gamer.get(PARTICIPATED).ok() == [live, by_clock, by_hand]


def test_participated_lists_only_the_gamers_own_tournaments(studio: StudioCaller, gamers: Gamers) -> None:
    ann, bob = gamers(2)
    uid = studio.tournament()
    ann.join(uid).ok()
    assert (ann.get(PARTICIPATED).ok(), bob.get(PARTICIPATED).ok()) == ([uid], [])


def test_the_list_of_joined_tournaments_is_paged(studio: StudioCaller, gamer: GamerCaller) -> None:
    uids = [studio.tournament(buy_in_price=0) for _ in range(5)]
    for uid in uids:
        gamer.join(uid, 0).ok()
    assert pages(gamer, PARTICIPATED, 2) == [uids[:2:-1], uids[2:0:-1], uids[:1]]
    assert pages(gamer, PARTICIPATED, 5) == [uids[::-1]]
    cursor = gamer.get(f"{PARTICIPATED}?limit=2").headers["X-Next-Cursor"]
    gamer.join(studio.tournament(buy_in_price=0), 0).ok()
    assert gamer.get(f"{PARTICIPATED}?cursor={cursor}").ok() == uids[2::-1]


# --- Historic


def test_the_history_shows_each_gamers_prize(studio: StudioCaller, gamers: Gamers) -> None:
    # Of 5 the default table's edges are 0 | 0 | 1 | 2: 1.5 ×, 1 × and nothing for the others.
    players = gamers(5)
    uid = over(studio, players, [30, 20, 10, 10, None], title="Cup", mode="Duel")
    ended_at = timetable(uid).ends_at
    common = {
        "type": "Tournament",
        "typeValue": 5,
        "occurredAtText": ended_at.isoformat().replace("+00:00", "Z"),
        "mode": "Duel",
        "buyInStake": 10,
        "tournament_uid": uid,
    }
    outcomes = [
        ("Won", 15, 1, 30),
        ("Won", 10, 2, 20),
        ("You Lost", 0, 3, 10),
        ("You Lost", 0, 4, 10),
        ("You Lost", 0, None, None),
    ]
    for player, (result, won, rank, score) in zip(players, outcomes, strict=True):
        assert player.get(HISTORIC).ok() == [
            common | {"result": result, "amountWon": won, "rank": rank, "score": score}
        ]


def test_shared_prizes_are_equal_before_and_after_the_settlement(studio: StudioCaller, gamers: Gamers) -> None:
    # Of 5 the ranks 1 and 2 win 15 and 10.
    players = gamers(5)
    over(studio, players, [7, 7, 7, 5, None], tie_rule="split")
    expected = [("Won", 9, 1), ("Won", 8, 2), ("Won", 8, 3), ("You Lost", 0, 4), ("You Lost", 0, None)]
    for _ in range(2):
        rows = [player.get(HISTORIC).ok()[0] for player in players]
        assert [(row["result"], row["amountWon"], row["rank"]) for row in rows] == expected
        settle_due()


def test_the_history_shows_cancelled_tournaments(studio: StudioCaller, gamers: Gamers) -> None:
    ann, bob = gamers(2)
    underfilled = over(studio, [ann, bob], [3, 2])
    by_hand = studio.tournament()
    ann.join(by_hand).ok()
    ann.score(by_hand, 7).ok()
    cancelled_at = database_now() + timedelta(seconds=5)
    with clock_at(cancelled_at):
        studio.post(f"/s2s/esports/tournaments/{by_hand}/cancel").ok()
        rows = ann.get(HISTORIC).ok()
    assert [(row["tournament_uid"], row["result"]) for row in rows] == [
        (by_hand, "Cancelled"),
        (underfilled, "Cancelled"),
    ]
    assert rows[0]["occurredAtText"] == cancelled_at.isoformat().replace("+00:00", "Z")
    assert [(row["amountWon"], row["rank"], row["score"]) for row in rows] == [(0, None, 7), (0, None, 3)]


def test_a_tournament_enters_the_history_at_its_end_and_not_before(studio: StudioCaller, gamers: Gamers) -> None:
    ann, bob = gamers(2)
    uid = studio.tournament(ends_at_timestamp=soon(hours=1), min_participants=1, prize_table=SHARES)
    ann.join(uid).ok()
    ann.score(uid, 1).ok()
    bob.join(uid).ok()
    bob.leave(uid).ok()
    ends_at = timetable(uid).ends_at
    with clock_at(ends_at - timedelta(microseconds=1)):
        assert ann.get(HISTORIC).ok() == []
    with clock_at(ends_at):
        (row,) = ann.get(HISTORIC).ok()
        assert (row["tournament_uid"], row["result"], row["amountWon"], row["typeValue"]) == (uid, "Won", 5, 1)
        assert bob.get(HISTORIC).ok() == []


def test_history_lists_the_newest_end_first_over_pages(studio: StudioCaller, gamers: Gamers) -> None:
    ann, bob, carl = gamers(3)
    uids = [over(studio, [ann, bob, carl], [1, 2, 3], buy_in_price=5) for _ in range(5)]
    # The third and the fourth end together: then the newer join is first.
    with clock_at(database_now()):
        for uid, seconds in zip(uids, (-50, -10, -30, -30, -20), strict=True):
            move(uid, schedules_at=-90, moves_to_lobby_at=-90, starts_at=-90, locks_at=seconds, ends_at=seconds)
    expected = [uids[1], uids[4], uids[3], uids[2], uids[0]]
    assert [row["tournament_uid"] for row in ann.get(HISTORIC).ok()] == expected
    found = pages(ann, HISTORIC, 2)
    assert [len(page) for page in found] == [2, 2, 1]
    assert [row["tournament_uid"] for page in found for row in page] == expected
    assert [row["rank"] for page in found for row in page] == [3] * 5


@pytest.mark.parametrize("path", [PARTICIPATED, HISTORIC])
def test_a_bad_limit_or_cursor_is_refused_by_name(gamer: GamerCaller, path: str) -> None:
    bad = {"limit": ["0", "1001", "-1", "1.5", "x", "１", "\0"], "cursor": ["x", "AAAA", "é", "\0", "W10"]}
    for name, values in bad.items():
        for value in values:
            body = gamer.get(f"{path}?{name}={quote(value)}").refused(400, "BAD_REQUEST")
            assert [fault["field"] for fault in body["errors"]] == [name], value


def test_a_cursor_of_another_gamer_is_refused(studio: StudioCaller, gamers: Gamers) -> None:
    ann, bob = gamers(2)
    for _ in range(2):
        uid = studio.tournament(buy_in_price=0)
        for gamer in (ann, bob):
            gamer.join(uid, 0).ok()
        move(uid, locks_at=-0.001, ends_at=0)
    for path in (PARTICIPATED, HISTORIC):
        cursor = ann.get(f"{path}?limit=1").headers["X-Next-Cursor"]
        assert len(ann.get(f"{path}?cursor={cursor}").ok()) == 1
        bob.get(f"{path}?cursor={cursor}").refused(400, "BAD_REQUEST")

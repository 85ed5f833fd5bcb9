"""The studio's reads: its tournaments, one of them, a board; and that nobody else's exist."""

from typing import Any
from uuid import uuid4

import pytest

from tests.support.http import Answer, StudioCaller
from tests.support.organising import TOURNAMENTS, at, end, new, soon, stored

pytestmark = pytest.mark.django_db


def next_page(answer: Answer) -> str:
    """The path that the answer links to."""
    target, _, relation = answer.headers["Link"].partition(";")
    assert relation == ' rel="next"'
    return target.strip("<>")


def test_the_list_is_newest_first_in_pages_and_holds_every_status(studio: StudioCaller) -> None:
    draft = studio.tournament(schedules_at_timestamp=soon(hours=1))
    ended, cancelled = studio.tournament(), studio.tournament()
    live = [studio.tournament() for _ in range(2)]
    end(ended)
    studio.post(at(cancelled, "/cancel")).ok()
    everything = studio.get(TOURNAMENTS)
    assert [row["tournament_uid"] for row in everything.ok()] == [*live[::-1], cancelled, ended, draft]
    assert [row["tournament_status"] for row in everything.json] == [
        "STARTED",
        "STARTED",
        "CANCELLED",
        "CANCELLED",
        "DRAFT",
    ]
    assert "Link" not in everything.headers
    assert "X-Next-Cursor" not in everything.headers
    path, seen = f"{TOURNAMENTS}?limit=2", []
    for expected in (2, 2, 1):
        page = studio.get(path)
        assert len(page.ok()) == expected
        seen += page.json
        if len(seen) < 5:
            path = next_page(page)
            assert path.startswith(f"{TOURNAMENTS}?")
            assert page.headers["X-Next-Cursor"] in path
    assert seen == everything.json
    assert "Link" not in page.headers


def test_a_tournament_created_between_pages_moves_no_row(studio: StudioCaller) -> None:
    made = [studio.tournament() for _ in range(3)]
    first = studio.get(f"{TOURNAMENTS}?limit=1")
    studio.tournament()
    rest = studio.get(next_page(first).replace("limit=1", "limit=1000")).ok()
    assert [row["tournament_uid"] for row in first.ok() + rest] == made[::-1]


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "x", "", "1.5", "1_0", "٣", "99999999999"])
def test_a_limit_out_of_bounds_is_refused(studio: StudioCaller, limit: str) -> None:
    problem = studio.get(f"{TOURNAMENTS}?limit={limit}").refused(400, "BAD_REQUEST")
    assert [fault["field"] for fault in problem["errors"]] == ["limit"]


def test_a_cursor_works_only_for_its_own_list(studio: StudioCaller, other_studio: StudioCaller) -> None:
    uid = studio.tournament()
    studio.tournament()
    other_studio.tournament()
    cursor = studio.get(f"{TOURNAMENTS}?limit=1").headers["X-Next-Cursor"]
    assert len(studio.get(f"{TOURNAMENTS}?cursor={cursor}").ok()) == 1
    other_studio.get(f"{TOURNAMENTS}?cursor={cursor}").refused(400, "BAD_REQUEST")
    studio.get(at(uid, f"/leaderboard?cursor={cursor}")).refused(400, "BAD_REQUEST")
    for garbage in ("x", cursor[:-2], cursor + "AAAA", "%00", "é"):
        problem = studio.get(f"{TOURNAMENTS}?cursor={garbage}").refused(400, "BAD_REQUEST")
        assert [fault["field"] for fault in problem["errors"]] == ["cursor"]


def test_a_list_has_only_tournaments_of_its_client(studio: StudioCaller, other_studio: StudioCaller) -> None:
    mine, theirs = studio.tournament(), other_studio.tournament()
    assert [row["tournament_uid"] for row in studio.get(TOURNAMENTS).ok()] == [mine]
    assert [row["tournament_uid"] for row in other_studio.get(TOURNAMENTS).ok()] == [theirs]


def seen_alike(studio: StudioCaller, method: str, path: str, *uids: str, body: Any = None) -> None:
    """Each of the uids gives the same answer to the byte."""
    headers = {"X-Request-Id": "same"}
    answers = [studio.call(method, path.format(uid), body, headers=headers) for uid in uids]
    for answer in answers:
        answer.refused(404, "TOURNAMENT_NOT_FOUND")
    assert len({answer.content for answer in answers}) == 1
    assert len({tuple(sorted(answer.headers.items())) for answer in answers}) == 1


@pytest.mark.parametrize(
    ("method", "tail", "body"),
    [
        ("GET", "", None),
        ("GET", "/leaderboard", None),
        ("PATCH", "", {"title": "Mine"}),
        ("POST", "/cancel", {"reason": "theirs"}),
        ("POST", "/scores", {"scores": [{"user_id": "ann", "value": 1}]}),
    ],
)
def test_a_foreign_tournament_is_not_found(
    studio: StudioCaller, other_studio: StudioCaller, method: str, tail: str, body: Any
) -> None:
    theirs = other_studio.tournament()
    before = stored(theirs)
    path = f"{TOURNAMENTS}/{{}}{tail}"
    no_ids = ["not-an-id", "123", f"{{{theirs}}}", theirs.replace("-", ""), f"urn:uuid:{theirs}", "%00", "%F0%9F%8F%86"]
    seen_alike(studio, method, path, theirs, str(uuid4()), theirs.upper(), *no_ids, body=body)
    assert stored(theirs) == before


def test_an_upper_case_id_is_accepted(studio: StudioCaller) -> None:
    uid = studio.tournament()
    assert studio.get(at(uid.upper())).ok() == studio.get(at(uid)).ok()
    assert studio.patch(at(uid.upper()), {"title": "New"}).ok()["tournament_uid"] == uid


def test_the_studios_board_is_the_gamers_board_without_a_place(studio: StudioCaller) -> None:
    uid = studio.tournament()
    assert studio.get(at(uid, "/leaderboard")).ok() == {
        "leaderboard": [],
        "price_pool": 0,
        "winners": [],
        "me": None,
        "next_cursor": None,
        "participants_count": 0,
    }
    gamers = [studio.gamer(name, username=name.title()) for name in ("ann", "bob", "cy")]
    for gamer, value in zip(gamers, (10, 30, 20), strict=True):
        gamer.join(uid).ok()
        gamer.score(uid, value).ok()
    idle = studio.gamer("dee")
    idle.join(uid).ok()
    board = studio.get(at(uid, "/leaderboard")).ok()
    assert board == {
        "leaderboard": [
            {"user_id": "bob", "score": 30, "rank": 1, "shared_rank": 1, "username": "Bob"},
            {"user_id": "cy", "score": 20, "rank": 2, "shared_rank": 2, "username": "Cy"},
            {"user_id": "ann", "score": 10, "rank": 3, "shared_rank": 3, "username": "Ann"},
        ],
        # of a field of 4 the edges are 0 | 0 | 1 | 1: one prize of 1.5 × the stake
        "price_pool": 15,
        "winners": [],
        "me": None,
        "next_cursor": None,
        "participants_count": 4,
    }
    assert gamers[0].board(uid) == board | {"me": {"rank": 3, "score": 10, "shared_rank": 3}}


def test_the_board_is_paged_with_continuous_ranks(studio: StudioCaller) -> None:
    uid = studio.tournament()
    for number, gamer in enumerate([studio.gamer(name) for name in ("ann", "bob", "cy")]):
        gamer.join(uid).ok()
        gamer.score(uid, number).ok()
    first = studio.get(at(uid, "/leaderboard?limit=2"))
    assert [row["rank"] for row in first.ok()["leaderboard"]] == [1, 2]
    assert first.json["next_cursor"] == first.headers["X-Next-Cursor"]
    second = studio.get(next_page(first)).ok()
    assert second["leaderboard"] == [{"user_id": "ann", "score": 0, "rank": 3, "shared_rank": 3, "username": ""}]
    assert second["next_cursor"] is None


def test_a_tournament_that_cannot_pay_is_cancelled_from_its_end_on(studio: StudioCaller) -> None:
    uid = studio.post(TOURNAMENTS, new(min_participants=1)).ok(201)["tournament_uid"]
    ann = studio.gamer("ann")
    ann.join(uid).ok()
    assert studio.get(at(uid)).ok()["tournament_status"] == "STARTED"
    end(uid)
    assert studio.get(at(uid)).ok()["tournament_status"] == "CANCELLED"
    assert studio.get(TOURNAMENTS).ok()[0]["tournament_status"] == "CANCELLED"
    assert studio.get(at(uid, "/leaderboard")).ok()["participants_count"] == 1


def test_a_tournament_that_can_pay_is_completed_from_its_end_on(studio: StudioCaller) -> None:
    table = {"kind": "shares", "bands": [{"from_rank": 1, "to_rank": 1, "share_bp": 10_000}]}
    uid = studio.tournament(min_participants=1, prize_table=table)
    ann = studio.gamer("ann")
    ann.join(uid).ok()
    ann.score(uid, 1).ok()
    end(uid)
    assert studio.get(at(uid)).ok()["tournament_status"] == "COMPLETED"
    assert studio.get(at(uid, "/leaderboard")).ok()["price_pool"] == 10

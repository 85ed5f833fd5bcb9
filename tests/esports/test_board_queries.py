"""The rows of chosen gamers: exact ranks, whatever is asked."""

from datetime import timedelta
from typing import Any

import pytest

from esports.models import Tournament
from kgen.clock import database_now
from kgen.models import IdempotencyKey
from tests.support.http import GamerCaller, StudioCaller
from tests.support.organising import seat_many
from tests.support.ranks import make_stale, place, positions

pytestmark = pytest.mark.django_db

CROWD = 130


def query_path(caller: Any, uid: str) -> str:
    """The address for this kind of caller."""
    side = "fe" if isinstance(caller, GamerCaller) else "s2s"
    return f"/{side}/esports/tournaments/{uid}/leaderboard/query"


def test_the_rows_are_those_of_the_board(studio: StudioCaller) -> None:
    uid = studio.tournament(buy_in_price=0, tournament_size=200)
    names = seat_many(uid, CROWD)
    place(uid, [(number // 3, number, 0) for number in range(CROWD - 1)])
    make_stale(uid)
    whole = studio.get(f"/s2s/esports/tournaments/{uid}/leaderboard?limit=1000").ok()["leaderboard"]
    assert len(whole) == len(positions(uid)) == CROWD - 1
    gamer = studio.gamer("onlooker")
    gamer.join(uid, 0).ok()
    for asked in (names[:100], names[-100:], names[::-2], [names[7]] * 3, [names[-1], "onlooker", "nobody"]):
        expected = [row for row in whole if row["user_id"] in asked]
        for caller in (studio, gamer):
            assert caller.post(query_path(caller, uid), {"user_ids": asked}).ok() == {"leaderboard": expected}


def test_gamers_who_left_or_are_of_another_client_are_left_out(
    studio: StudioCaller, other_studio: StudioCaller
) -> None:
    uid, foreign = studio.tournament(), other_studio.tournament()
    other_studio.gamer("ann").join(foreign).ok()
    other_studio.gamer("ann").score(foreign, 7).ok()
    bob = studio.gamer("bob")
    bob.join(uid).ok()
    bob.leave(uid).ok()
    assert studio.post(query_path(studio, uid), {"user_ids": ["ann", "bob"]}).ok() == {"leaderboard": []}


def test_a_draft_is_shown_to_its_studio_alone(studio: StudioCaller) -> None:
    uid, gamer = studio.tournament(), studio.gamer("ann")
    Tournament.objects.filter(pk=uid).update(published_at=database_now() + timedelta(hours=1))
    body = {"user_ids": ["ann"]}
    assert studio.post(query_path(studio, uid), body).ok() == {"leaderboard": []}
    gamer.post(query_path(gamer, uid), body).refused(404, "TOURNAMENT_NOT_FOUND")


@pytest.mark.parametrize(
    "body",
    [None, {}, {"user_ids": None}, {"user_ids": []}, {"user_ids": "ann"}, {"user_ids": [5]}, {"user_ids": [""]},
     {"user_ids": ["a\u0000"]}, {"user_ids": [None]}, {"user_ids": [f"g{number}" for number in range(101)]}],
)  # fmt: skip
def test_a_bad_list_is_refused(studio: StudioCaller, body: Any) -> None:
    uid, gamer = studio.tournament(), studio.gamer("ann")
    for caller in (studio, gamer):
        caller.post(query_path(caller, uid), body).refused(400, "BAD_REQUEST")


def test_a_repeat_with_a_key_sees_the_board_as_it_is_by_then(studio: StudioCaller) -> None:
    uid, ann = studio.tournament(), studio.gamer("ann")
    ann.join(uid).ok()
    for score in (1, 2):
        ann.score(uid, score).ok()
        found = ann.post(query_path(ann, uid), {"user_ids": ["ann"]}, key="same").ok()
        assert [row["score"] for row in found["leaderboard"]] == [score]
    assert not IdempotencyKey.objects.exists()

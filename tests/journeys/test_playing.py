"""The main job, as a studio's server and its gamers' clients do it."""

import pytest

from tests.support.http import StudioCaller

pytestmark = pytest.mark.django_db


def test_gamers_play_a_tournament_from_join_to_leaderboard(studio: StudioCaller) -> None:
    uid = studio.tournament(buy_in_price=10)
    ann, bob = studio.gamer("ann", username="Ann"), studio.gamer("bob")
    for gamer, value in ((ann, 10), (bob, 20)):
        assert gamer.join(uid).ok() == {"message": "user successfully joined the tournament"}
        assert gamer.score(uid, value).ok() == {"message": "leaderboard score update successful"}
    board = ann.board(uid)
    assert board["leaderboard"] == [
        {"user_id": "bob", "score": 20, "rank": 1, "shared_rank": 1, "username": ""},
        {"user_id": "ann", "score": 10, "rank": 2, "shared_rank": 2, "username": "Ann"},
    ]
    assert board["me"] == {"rank": 2, "score": 10, "shared_rank": 2}
    assert ann.buckets() == (40, 0, 0)

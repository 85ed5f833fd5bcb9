"""A board's ranks are kept near its standings while much is scored and nobody looks."""

from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from esports import tasks
from esports.services import boards
from kgen.valkey import valkey
from tests.support.http import StudioCaller
from tests.support.organising import seat_many
from tests.support.ranks import board, builds_asked_for, check_ranks, make_stale, place

pytestmark = pytest.mark.django_db

CROWD = 6


@pytest.fixture
def uid(studio: StudioCaller, monkeypatch: pytest.MonkeyPatch) -> str:
    """A tournament with a crowd in it; three scores are many."""
    monkeypatch.setattr(boards, "MANY", 3)
    made = studio.tournament(buy_in_price=0)
    seat_many(made, CROWD)
    place(made, [(second, 0, 0) for second in range(CROWD)])
    return made


def test_after_many_scores_a_worker_lets_a_board_catch_up_that_somebody_looks_at(uid: str) -> None:
    check_ranks(uid)
    boards.note_scores(Counter({UUID(uid): 2}))
    assert builds_asked_for(uid) == 0
    boards.note_scores(Counter({UUID(uid): 1}))
    boards.note_scores(Counter({UUID(uid): 3}))
    assert builds_asked_for(uid) == 1, "once in half a second"
    place(uid, [(-second, 1, 0) for second in range(CROWD)])
    make_stale(uid)
    tasks.build_board(uid)
    assert valkey().zrange(board(uid).ranks, 0, 0, withscores=True)[0][1] == 1 - CROWD


def test_a_board_that_nobody_looks_at_is_left_alone(uid: str) -> None:
    boards.note_scores(Counter({UUID(uid): 3}))
    assert builds_asked_for(uid) == 0
    assert not valkey().exists(board(uid).ranks)


def test_scores_are_noted_once_they_stand(
    uid: str, studio: StudioCaller, django_capture_on_commit_callbacks: Any
) -> None:
    check_ranks(uid)
    rows = [{"user_id": f"seated-{number}", "value": 100 + number} for number in range(3)]
    with django_capture_on_commit_callbacks(execute=True):
        studio.post(f"/s2s/esports/tournaments/{uid}/scores", {"scores": rows}).ok()
        assert builds_asked_for(uid) == 0
    assert builds_asked_for(uid) == 1

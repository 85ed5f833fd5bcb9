"""Ranks while others write: nothing that commits late is missed, and everybody's place is right in the end."""

from typing import Any
from uuid import UUID

import pytest

from esports.selectors import ranks
from esports.selectors.ranks import Board, rank_of
from kgen.valkey import valkey
from tests.support.http import GamerCaller, StudioCaller
from tests.support.ranks import board, check_ranks, make_stale, positions
from tests.support.schema import document
from tests.support.threads import holding, together


@pytest.fixture
def db(committed: None) -> None:
    """Here it means committed rows. pytest-django makes the test database for tests that ask for this name only."""


@pytest.fixture
def cup(db: None, studio: StudioCaller) -> tuple[str, list[GamerCaller]]:
    """A free tournament with five gamers, the first four of whom have scored 10, 20, 30 and 40."""
    document()  # made once here, not by all threads at the same moment
    uid = studio.tournament(buy_in_price=0)
    players = [studio.gamer(f"player-{number}") for number in range(1, 6)]
    for number, player in enumerate(players, start=1):
        player.join(uid, 0).ok()
        if number < 5:
            player.score(uid, 10 * number).ok()
    return uid, players


_SCORE_OF_50 = """
WITH stay AS (
    UPDATE esports_participation SET score = 50, rank_key = -50, reached_at = clock_timestamp()
     WHERE tournament_id = %s AND score = 10 RETURNING *
), place AS (
    UPDATE esports_leaderboardrow AS place SET score = 50, rank_key = -50, reached_at = stay.reached_at
      FROM stay WHERE place.tournament_id = stay.tournament_id AND place.id = stay.id
)
INSERT INTO esports_standingchange (tournament_id, participation_ids, xid, changed_at)
SELECT tournament_id, ARRAY[id], pg_current_xact_id()::text::bigint, clock_timestamp() FROM stay
"""


@pytest.mark.parametrize("known", [True, False], ids=["caught up with", "made"])
def test_a_score_committed_after_the_catch_up_is_not_missed(
    cup: tuple[str, list[GamerCaller]], studio: StudioCaller, known: bool
) -> None:
    uid, players = cup
    if known:
        check_ranks(uid)
        make_stale(uid)
    with holding(_SCORE_OF_50, [uid], commit=True):
        # The transaction has its number and its standing, and waits; younger ones begin and end meanwhile.
        for number in range(3):
            studio.deposit("player-2", 1, f"younger-{number}").ok(201)
        assert rank_of(UUID(uid), positions(uid)[3]) == 4
        assert int(valkey().get(board(uid).mark) or 0) > 0
    make_stale(uid)
    assert check_ranks(uid) == 4
    assert players[0].board(uid, "?around=me&limit=1")["me"] == {"rank": 1, "score": 50, "shared_rank": 1}


def test_an_interrupted_catch_up_loses_no_change(
    cup: tuple[str, list[GamerCaller]], monkeypatch: pytest.MonkeyPatch
) -> None:
    uid, players = cup
    check_ranks(uid)
    for player, value in zip(players, (44, 33, 22, 11), strict=False):
        player.score(uid, value).ok()
    make_stale(uid)
    monkeypatch.setattr(ranks, "CHUNK", 1)
    applied = Board._apply

    def dies_behind_the_first_part(*arguments: Any) -> bool:
        applied(*arguments)
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(Board, "_apply", dies_behind_the_first_part)
        with pytest.raises(SystemExit):
            board(uid).catch_up()
    make_stale(uid)
    assert check_ranks(uid) == 4


def test_an_open_transaction_does_not_delay_other_scores(
    cup: tuple[str, list[GamerCaller]], studio: StudioCaller
) -> None:
    uid, players = cup
    check_ranks(uid)
    with holding("SELECT pg_current_xact_id()", []):
        for value in (15, 25, 35, 45):
            players[0].score(uid, value).ok()
            make_stale(uid)
            assert check_ranks(uid) == 4
            assert players[0].board(uid, "?around=me&limit=1")["me"]["rank"] == 5 - value // 10


def test_ranks_are_right_after_parallel_scores_and_reads(
    cup: tuple[str, list[GamerCaller]], studio: StudioCaller
) -> None:
    uid, players = cup

    def play(index: int) -> list[int]:
        answers = []
        for turn in range(8):
            answers.append(players[index].score(uid, (turn * 7 + index * 3) % 5).status)
            valkey().delete(board(uid).fresh)
            place = players[index].board(uid, "?around=me&limit=1")["me"]
            assert place["score"] == (turn * 7 + index * 3) % 5
            assert 1 <= place["rank"] <= 5
        return answers

    answers = together([lambda index=index: play(index) for index in range(5)])  # type: ignore[misc]
    assert answers == [[200] * 8] * 5
    make_stale(uid)
    assert check_ranks(uid) == 5

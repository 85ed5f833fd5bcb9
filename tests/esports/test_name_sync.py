"""A gamer's new name comes to the boards, whoever is writing them meanwhile."""

from uuid import UUID

import pytest

from esports.models import LeaderboardRow, Rename
from esports.selectors.boards import top
from esports.selectors.escrows import escrow_differences
from esports.services import name_sync, refereeing
from esports.services.name_sync import sync_names, sync_oldest
from tests.support.http import StudioCaller
from tests.support.threads import ask, holding, holding_participation
from users.models import Gamer


@pytest.fixture
def db(committed: None) -> None:
    """Here it means committed rows. pytest-django makes the test database for tests that ask for this name only."""


@pytest.fixture
def uid(db: None, studio: StudioCaller) -> str:
    """A free tournament in which Ann has 5 and Bob has 3."""
    made = studio.tournament(buy_in_price=0)
    for name, value in (("ann", 5), ("bob", 3)):
        gamer = studio.gamer(name, username=name.title())
        gamer.join(made, 0).ok()
        gamer.score(made, value).ok()
    return made


def shown(uid: str) -> list[tuple[str, str]]:
    """User ids and names as the board has them."""
    return [(row.user_id, row.username) for row in top(UUID(uid), 10)]


def faults() -> list[str]:
    """What the proof finds wrong about names on boards."""
    return [found.found for found in escrow_differences() if found.rule.startswith("names on leaderboards")]


def test_a_board_shows_a_new_name_once_the_duty_has_run(uid: str, studio: StudioCaller) -> None:
    assert shown(uid) == [("ann", "Ann"), ("bob", "Bob")]
    other = studio.tournament(buy_in_price=0)
    bob = studio.gamer("bob", username="Robert")
    bob.join(other, 0).ok()
    bob.score(other, 1).ok()
    assert (shown(uid), shown(other)) == ([("ann", "Ann"), ("bob", "Bob")], [("bob", "Robert")])
    # Due is no fault.
    assert faults() == []
    sync_names()
    assert shown(uid) == [("ann", "Ann"), ("bob", "Robert")]
    assert not Rename.objects.exists()
    page = bob.board(uid, "?around=me&limit=1")
    assert [(row["user_id"], row["username"]) for row in page["leaderboard"]] == [("bob", "Robert")]


def test_a_session_with_the_same_name_is_no_rename(uid: str, studio: StudioCaller) -> None:
    studio.gamer("ann", username="Ann", location="Oslo")
    assert not Rename.objects.exists()
    # Whoever writes it: the database takes note.
    assert Gamer.objects.filter(user_id="ann").update(username="") == 1
    sync_names()
    assert shown(uid) == [("ann", ""), ("bob", "Bob")]


def test_the_name_sync_waits_for_a_first_score_under_the_old_name(uid: str, studio: StudioCaller) -> None:
    studio.gamer("cy", username="Cy").join(uid, 0).ok()
    with holding(_FIRST_SCORE_OF_CY, [uid], commit=True):
        # It has read "Cy", and is not committed; the rename is.
        studio.gamer("cy", username="Cyrus")
        assert sync_oldest() == 0
        assert Rename.objects.count() == 1
    assert shown(uid)[0] == ("cy", "Cy")
    assert sync_oldest() == 1
    assert shown(uid)[0] == ("cy", "Cyrus")
    assert faults() == []


def test_a_slow_worker_does_not_delay_other_workers(uid: str, studio: StudioCaller) -> None:
    studio.gamer("ann", username="Anna")
    studio.gamer("bob", username="Robert")
    with holding_participation(uid, "ann"):
        assert sync_oldest() == 1
        assert shown(uid) == [("ann", "Ann"), ("bob", "Robert")]
        assert faults() == []
    assert sync_oldest() == 1
    assert shown(uid) == [("ann", "Anna"), ("bob", "Robert")]


def test_a_name_changed_twice_ends_as_the_last_name(
    uid: str, studio: StudioCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Anna", "Anne", "Annika"):
        studio.gamer("ann", username=name)
    studio.gamer("bob", username="Robert")
    monkeypatch.setattr(name_sync, "RENAMES_AT_ONCE", 2)
    assert Rename.objects.count() == 4
    sync_names()
    assert shown(uid) == [("ann", "Annika"), ("bob", "Robert")]
    assert not Rename.objects.exists()


def test_a_rename_committed_during_a_sync_stays_due(uid: str, studio: StudioCaller) -> None:
    studio.gamer("ann", username="Anna")
    with holding("UPDATE users_gamer SET username = 'Annika' WHERE user_id = %s", ["ann"], commit=True):
        assert sync_oldest() == 1
        assert shown(uid)[0] == ("ann", "Anna")
    assert faults() == []
    assert sync_oldest() == 1
    assert shown(uid)[0] == ("ann", "Annika")


def test_a_reinstated_gamer_appears_under_the_current_name(uid: str, studio: StudioCaller) -> None:
    participation = ask("SELECT id FROM esports_participation WHERE score = 5")
    refereeing.disqualify(participation_id=participation, operator_id=1, reason="r")
    studio.gamer("ann", username="Anna")
    sync_names()
    refereeing.reinstate(participation_id=participation, operator_id=1, reason="r")
    assert shown(uid) == [("ann", "Anna"), ("bob", "Bob")]


@pytest.mark.parametrize(
    ("column", "found"), [("user_id", "another user id"), ("username", "another name")], ids=["user id", "user name"]
)
def test_the_check_finds_a_wrong_name(uid: str, column: str, found: str) -> None:
    assert faults() == []
    LeaderboardRow.objects.filter(tournament=uid, score=3).update(**{column: "eve"})
    assert faults() == [found]


_FIRST_SCORE_OF_CY = """
WITH stay AS (
    UPDATE esports_participation SET score = 7, rank_key = -7, reached_at = clock_timestamp()
     WHERE tournament_id = %s AND score IS NULL RETURNING *
)
INSERT INTO esports_leaderboardrow (tournament_id, rank_key, reached_at, joined_at, id, score, user_id, username)
SELECT tournament_id, rank_key, reached_at, joined_at, stay.id, score, user_id, username
  FROM stay JOIN users_gamer AS gamer ON gamer.id = stay.gamer_id
"""

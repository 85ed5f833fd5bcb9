"""What the database and the proof hold to about results and rewards, whoever writes them."""

from datetime import datetime
from uuid import UUID

import pytest
from django.core.management import call_command

from esports.models import Participation, ScoreEvent
from rewards.models import Reward, Settlement
from rewards.selectors import reward_differences
from tests.support.clock import end
from tests.support.factories import ClientFactory
from tests.support.http import StudioCaller
from tests.support.money import copy_row, new_id, refused_by, tamper
from tests.support.settling import play, settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def uid(studio: StudioCaller) -> str:
    """A settled tournament of three, of whom one has won."""
    uid = studio.tournament()
    play(studio, uid, {"a": 3, "b": 2, "c": 1})
    end(uid)
    settle(uid)
    return uid


def loser(uid: str) -> Participation:
    """Who came in last."""
    return Participation.objects.get(tournament=uid, final_rank=3)


def test_a_second_reward_for_a_rank_is_refused(uid: str) -> None:
    with refused_by("one_reward_per_rank"):
        copy_row("rewards_reward", Reward.objects.get().pk, id=new_id(), participation_id=loser(uid).pk)
    copy_row("rewards_reward", Reward.objects.get().pk, id=new_id(), participation_id=loser(uid).pk, rank=3)


def test_a_second_reward_for_a_participation_is_refused(uid: str) -> None:
    with refused_by("rewards_reward_participation_id.*"):
        copy_row("rewards_reward", Reward.objects.get().pk, id=new_id(), rank=2)


@pytest.mark.parametrize("name", ["participation", "gamer", "tournament"])
def test_a_reward_that_refers_to_a_missing_row_is_refused(uid: str, name: str) -> None:
    fresh = {"id": new_id(), "participation_id": loser(uid).pk, "rank": 3}
    with refused_by(f"reward_{name}_client"):
        copy_row("rewards_reward", Reward.objects.get().pk, **fresh | {f"{name}_id": new_id()})


@pytest.mark.parametrize("name", ["gamer", "tournament"])
def test_a_participation_that_refers_to_a_missing_row_is_refused(uid: str, name: str) -> None:
    fresh = {"id": new_id(), "final_rank": None, "prize": None}
    with refused_by(f"participation_{name}_client"):
        copy_row("esports_participation", loser(uid).pk, **fresh | {f"{name}_id": new_id()})


@pytest.mark.parametrize("is_known", [True, False])
def test_a_reward_cannot_move_to_another_client(uid: str, is_known: bool) -> None:
    """Not even to one that there is; and one that there is not is no better."""
    other = ClientFactory().pk if is_known else new_id()
    with refused_by("participation_.*_client"):
        copy_row("esports_participation", loser(uid).pk, id=new_id(), client_id=other, left_at=None, gamer_id=new_id())
    with refused_by("reward_.*_client"):
        Reward.objects.update(client=other)
    with refused_by("event_participation_client"):
        ScoreEvent.objects.update(client=other)


def test_the_proof_finds_a_duplicate_rank(uid: str) -> None:
    assert reward_differences() == []
    tamper("UPDATE esports_participation SET final_rank = 2 WHERE id = %s", loser(uid).pk)
    assert [difference.rule for difference in reward_differences()] == ["final ranks = 1 … ranked, each once"]


@pytest.mark.parametrize("change", ["final_rank = 4", "prize = 11"])
def test_a_reward_that_differs_from_its_prize_is_reported(uid: str, change: str) -> None:
    tamper(f"UPDATE esports_participation SET {change} WHERE tournament_id = %s AND final_rank = 1", uid)
    assert "a reward is its participation's prize" in [difference.rule for difference in reward_differences()]


def test_the_record_and_its_check_write_times_alike(studio: StudioCaller) -> None:
    """A whole second has no fraction, and no other digit is lost."""
    uid = studio.tournament()
    play(studio, uid, {"a": 3, "b": 2, "c": 1})
    for score, fraction in ((3, 0), (2, 120_000), (1, 7)):
        at = datetime.fromisoformat("2026-01-31T12:00:00+00:00").replace(microsecond=fraction)
        Participation.objects.filter(tournament=uid, score=score).update(reached_at=at)
        ScoreEvent.objects.filter(participation__tournament=uid, value=score).update(accepted_at=at)
    end(uid)
    settle(uid)
    call_command("verify_settlement", uid)
    assert Settlement.objects.get(pk=UUID(uid)).ranked == 3

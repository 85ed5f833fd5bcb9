"""Rewards on hold: backed, neither claimable nor expiring, and in the end given or taken once."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError, transaction
from django.db.models import F

from kgen.errors import RecordNotFound, WrongState
from rewards.models import HoldStep, Reward
from rewards.services.claiming import expire_rewards
from rewards.services.holding import forfeit_reward, hold_reward, release_reward
from tests.support.addresses import CLAIM
from tests.support.http import StudioCaller
from tests.support.money import execute, new_id, prove, tamper
from tests.support.refereeing import OPERATOR
from tests.support.rows import snapshot
from tests.support.settling import held, winner
from users.models import Client
from wallet.models import Transaction

pytestmark = pytest.mark.django_db

NOTHING = {"message": "Rewards claimed successfully", "claimed": 0, "amount": 0}


def hold(id: UUID) -> None:
    """Hold a reward."""
    hold_reward(reward_id=id, operator_id=OPERATOR, reason="looks odd")


def release(id: UUID) -> None:
    """Release it."""
    release_reward(reward_id=id, operator_id=OPERATOR, reason="is fine")


def forfeit(id: UUID) -> None:
    """Forfeit it."""
    forfeit_reward(reward_id=id, operator_id=OPERATOR, reason="was a bot")


def statuses(studio: StudioCaller, uid: UUID) -> list[str | None]:
    """The claim states of a tournament's results."""
    rows = studio.get(f"/s2s/esports/tournaments/{uid}/results").ok()
    return [row["claim_status"] for row in rows]


def test_a_held_reward_cannot_be_claimed_until_it_is_released(studio: StudioCaller) -> None:
    gamer = winner(studio, tournaments=2)
    first, second = Reward.objects.order_by("created_at", "id")
    hold(first.pk)
    found = gamer.get(CLAIM).ok()
    assert [row["reward_id"] for row in found["claimable_rewards_info"]] == [str(second.pk)]
    assert (found["total_claimable_rewards"], found["total_claimable_amount"]) == (1, 10)
    assert gamer.post(CLAIM, {"reward_ids": [str(first.pk)]}).ok() == NOTHING
    assert gamer.post(CLAIM, {"tournament_id": str(first.tournament_id)}).ok() == NOTHING
    gamer.post(CLAIM, {"reward_ids": [str(first.pk), str(new_id())]}).refused(404, "RECORD_NOT_FOUND")
    assert gamer.post(CLAIM).ok()["claimed"] == 1
    assert held("rewards_payable") == 10
    assert statuses(studio, first.tournament_id) == ["UNCLAIMED", None, None]
    assert prove().exit_code == 0
    release(first.pk)
    assert gamer.post(CLAIM).ok()["amount"] == 10
    assert gamer.buckets() == (30, 0, 20)
    assert prove().exit_code == 0


def test_a_forfeited_reward_goes_to_the_house_for_good(studio: StudioCaller) -> None:
    gamer = winner(studio)
    reward = Reward.objects.get()
    house = held("house")
    hold(reward.pk)
    forfeit(reward.pk)
    assert (held("rewards_payable"), held("house") - house) == (0, 10)
    booked = Transaction.objects.get(reference=f"forfeit:{reward.pk}")
    assert (booked.kind, booked.wallet_id) == ("REWARD_FORFEIT", None)
    assert gamer.get(CLAIM).ok()["total_claimable_rewards"] == 0
    assert gamer.post(CLAIM, {"reward_ids": [str(reward.pk)]}).ok() == NOTHING
    assert statuses(studio, reward.tournament_id) == ["EXPIRED", None, None]
    assert prove().exit_code == 0
    for step in (hold, release):
        with pytest.raises(WrongState):
            step(reward.pk)


def test_each_step_of_a_hold_needs_its_state_and_happens_once(studio: StudioCaller) -> None:
    gamer = winner(studio)
    id = Reward.objects.get().pk
    with pytest.raises(WrongState):
        forfeit(id)
    for step in (hold, release, hold, forfeit):
        step(id)
        before = snapshot()
        with pytest.raises(WrongState):
            step(id)
        assert snapshot() == before
    steps = HoldStep.objects.order_by("id").values_list("act", "reason", "operator_id")
    assert list(steps) == [
        ("HOLD", "looks odd", OPERATOR),
        ("RELEASE", "is fine", OPERATOR),
        ("HOLD", "looks odd", OPERATOR),
        ("FORFEIT", "was a bot", OPERATOR),
    ]
    with pytest.raises(DatabaseError), transaction.atomic():
        execute("DELETE FROM rewards_holdstep")
    for unknown in (hold, release, forfeit):
        with pytest.raises(RecordNotFound):
            unknown(new_id())
    assert gamer.buckets() == (40, 0, 0)


def test_a_claimed_or_expired_reward_cannot_be_held(studio: StudioCaller) -> None:
    winner(studio, tournaments=2).post(CLAIM).ok()
    Reward.objects.filter(pk=Reward.objects.order_by("id")[0].pk).update(status="EXPIRED")
    before = snapshot()
    for reward in Reward.objects.all():
        for step in (hold, release, forfeit):
            with pytest.raises(WrongState):
                step(reward.pk)
    assert snapshot() == before


def test_time_on_hold_does_not_count_towards_expiry(studio: StudioCaller) -> None:
    winner(studio)
    Client.objects.update(reward_expiry_days=30)
    id = Reward.objects.get().pk
    hold(id)
    # 31 days go by, all of them but a moment on hold.
    age = timedelta(days=31)
    Reward.objects.update(created_at=F("created_at") - age, updated_at=F("updated_at") - age)
    assert expire_rewards() == 0
    release(id)
    assert expire_rewards() == 0
    Reward.objects.update(created_at=F("created_at") - timedelta(days=30))
    assert expire_rewards() == 1
    assert prove().exit_code == 0


def test_the_proof_finds_a_forfeit_that_was_not_booked(studio: StudioCaller) -> None:
    winner(studio)
    tamper("UPDATE rewards_reward SET status = 'FORFEITED'")
    proof = prove()
    assert proof.exit_code == 1
    assert "a forfeited reward went to the house" in proof.err
    assert "rewards_payable = unclaimed and held rewards" in proof.err

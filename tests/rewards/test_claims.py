"""Claims: each reward is paid once, into earned, and always backed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connections
from django.db.models import F

from rewards.models import Reward
from rewards.services.claiming import expire_rewards
from tests.support.addresses import CLAIM
from tests.support.http import StudioCaller
from tests.support.settling import held, winner
from users.models import Client


@pytest.mark.django_db
def test_the_list_has_every_claimable_reward(studio: StudioCaller) -> None:
    gamer = winner(studio, tournaments=2)
    found = gamer.get(CLAIM).ok()
    assert (found["total_claimable_rewards"], found["total_claimable_amount"]) == (2, 20)
    first = found["claimable_rewards_info"][0]
    assert (first["user_id"], first["claim_status"], first["reward"], first["rank"]) == ("a", "UNCLAIMED", 10, 1)
    assert first["wallet_address"] == gamer.session["wallet_address"]


@pytest.mark.django_db
def test_a_claim_of_all_rewards_moves_the_amount_into_earned(studio: StudioCaller) -> None:
    gamer = winner(studio, tournaments=2)
    assert gamer.post(CLAIM).ok() == {"message": "Rewards claimed successfully", "claimed": 2, "amount": 20}
    assert gamer.buckets() == (30, 0, 20)
    assert gamer.post(CLAIM).ok() == {"message": "Rewards claimed successfully", "claimed": 0, "amount": 0}
    assert gamer.get(CLAIM).ok()["claimable_rewards_info"] == []
    statement = gamer.get("/fe/wallet/transactions?type=REWARD").ok()
    assert [row["amount"] for row in statement["toTransactions"]] == [10, 10]
    assert held("rewards_payable") == 0
    call_command("verify_ledger")


@pytest.mark.django_db
def test_a_claim_of_named_rewards_claims_only_these(studio: StudioCaller) -> None:
    gamer = winner(studio, tournaments=2)
    rewards = gamer.get(CLAIM).ok()["claimable_rewards_info"]
    assert gamer.post(CLAIM, {"reward_ids": [rewards[1]["reward_id"]]}).ok()["claimed"] == 1
    assert gamer.post(CLAIM, {"tournament_id": rewards[0]["tournament_id"]}).ok()["claimed"] == 1
    assert gamer.get(CLAIM).ok()["total_claimable_rewards"] == 0


@pytest.mark.django_db
def test_a_claim_with_an_unknown_or_foreign_reward_is_refused(studio: StudioCaller, other_studio: StudioCaller) -> None:
    gamer = winner(studio)
    own = gamer.get(CLAIM).ok()["claimable_rewards_info"][0]
    foreign = winner(other_studio).get(CLAIM).ok()["claimable_rewards_info"][0]
    unknown = "00000000-0000-0000-0000-000000000000"
    for body in (
        {"reward_ids": [own["reward_id"], foreign["reward_id"]]},
        {"reward_ids": [own["reward_id"], unknown]},
        {"reward_ids": [own["reward_id"], "no-id"]},
        {"tournament_id": foreign["tournament_id"]},
        {"tournament_id": "no-id"},
    ):
        gamer.post(CLAIM, body).refused(404, "RECORD_NOT_FOUND")
    assert gamer.buckets() == (40, 0, 0)


@pytest.mark.django_db
def test_a_suspended_gamer_sees_rewards_and_cannot_claim(studio: StudioCaller) -> None:
    gamer = winner(studio)
    studio.post("/s2s/gamers/a/suspend", {"reason": "review"}).ok()
    gamer.post(CLAIM).refused(403, "GAMER_SUSPENDED")
    assert gamer.get(CLAIM).ok()["total_claimable_rewards"] == 1


@pytest.mark.django_db
def test_rewards_expire_only_under_the_clients_setting(studio: StudioCaller) -> None:
    gamer = winner(studio)
    Reward.objects.update(created_at=F("created_at") - timedelta(days=31))
    assert expire_rewards() == 0
    Client.objects.update(reward_expiry_days=30)
    house = held("house")
    assert expire_rewards() == 1
    assert expire_rewards() == 0
    assert (held("rewards_payable"), held("house") - house) == (0, 10)
    assert gamer.post(CLAIM).ok()["claimed"] == 0
    call_command("verify_ledger")


def test_a_hundred_parallel_claims_pay_each_reward_once(committed: None, studio: StudioCaller) -> None:
    gamer = winner(studio, tournaments=3)

    def claim(_: int) -> int:
        try:
            return int(gamer.post(CLAIM).ok()["amount"])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(20) as pool:
        amounts = list(pool.map(claim, range(100)))
    assert sum(amounts) == 30
    assert gamer.buckets() == (20, 0, 30)
    call_command("verify_ledger")

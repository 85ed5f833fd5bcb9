"""A wallet holds 2⁵² at most, everything in it together. What comes in beyond that is refused and changes nothing."""

import pytest
from django.db import transaction

from tests.support.factories import ClientFactory
from tests.support.http import GamerCaller, StudioCaller
from tests.support.money import LIMIT, fill, hold, nothing_changes, prove
from wallet.errors import BalanceLimitExceeded
from wallet.ledger import Bucket

pytestmark = pytest.mark.django_db


def test_a_wallet_is_filled_to_the_last_unit_and_no_further(studio: StudioCaller, gamer: GamerCaller) -> None:
    fill(gamer, Bucket.BOUGHT, LIMIT - 50 - 10)
    with nothing_changes():
        studio.deposit("player-1", 11, "order-1").refused(409, "BALANCE_LIMIT_EXCEEDED")
    # The refused reference was not used up.
    assert studio.deposit("player-1", 10, "order-1").ok(201)["balance_after"] == LIMIT
    assert gamer.balance()["lazy_balance"] == LIMIT
    assert studio.deposit("player-1", 10, "order-1").ok()["balance_after"] == LIMIT
    with nothing_changes():
        studio.deposit("player-1", 1, "order-2").refused(409, "BALANCE_LIMIT_EXCEEDED")


@pytest.mark.parametrize("bucket", [Bucket.BONUS, Bucket.EARNED])
def test_the_limit_applies_to_the_sum_of_all_buckets(studio: StudioCaller, gamer: GamerCaller, bucket: Bucket) -> None:
    fill(gamer, bucket, LIMIT - 50)
    with nothing_changes():
        studio.deposit("player-1", 1, "order-1").refused(409, "BALANCE_LIMIT_EXCEEDED")


def test_held_money_counts_towards_the_wallets_limit(studio: StudioCaller, gamer: GamerCaller) -> None:
    fill(gamer, Bucket.EARNED, LIMIT - 50)
    hold(gamer, 1000)
    with nothing_changes():
        studio.deposit("player-1", 1, "order-1").refused(409, "BALANCE_LIMIT_EXCEEDED")


def test_spending_makes_room_under_the_limit(studio: StudioCaller, gamer: GamerCaller) -> None:
    fill(gamer, Bucket.BOUGHT, LIMIT - 50)
    gamer.join(studio.tournament()).ok()
    studio.deposit("player-1", 10, "order-1").ok(201)
    assert gamer.balance()["lazy_balance"] == LIMIT


def test_the_limit_applies_to_bonus_money(gamer: GamerCaller) -> None:
    with nothing_changes(), pytest.raises(BalanceLimitExceeded), transaction.atomic():
        fill(gamer, Bucket.BONUS, LIMIT - 50 + 1)


def test_a_refund_exceeds_the_limit_of_a_full_wallet_and_can_be_spent(studio: StudioCaller) -> None:
    """Otherwise one full wallet would hold up the refunds of everybody in a cancelled tournament."""
    full, other = studio.gamer("full"), studio.gamer("other")
    left, cancelled = studio.tournament(title="left"), studio.tournament(title="cancelled")
    for gamer, uid in ((full, left), (full, cancelled), (other, cancelled)):
        gamer.join(uid).ok()
    fill(full, Bucket.EARNED, LIMIT - 30)
    full.leave(left).ok()
    assert studio.post(f"/s2s/esports/tournaments/{cancelled}/cancel").ok()["refunds_pending"] == 0
    assert full.balance()["lazy_balance"] == LIMIT + 20
    assert other.buckets() == (50, 0, 0)
    with nothing_changes():
        studio.deposit("full", 1, "order-1").refused(409, "BALANCE_LIMIT_EXCEEDED")
    full.join(left).ok()
    assert full.balance()["lazy_balance"] == LIMIT + 10
    assert prove().exit_code == 0


def test_the_largest_amounts_are_exact_on_the_wire(studio: StudioCaller) -> None:
    game = StudioCaller.of(ClientFactory(welcome_bonus=10**12))
    gamer = game.gamer("player-1")
    fill(gamer, Bucket.EARNED, LIMIT - 10**12)
    uid = game.tournament(buy_in_price=LIMIT - 1, tournament_size=1, min_participants=1)
    gamer.join(uid, LIMIT - 1).ok()
    assert gamer.balance()["lazy_balance"] == 1
    stake = gamer.get("/fe/wallet/transactions?type=JOIN").ok()["transactions"][0]
    assert (stake["amount"], stake["balance_after"]) == (LIMIT - 1, 1)

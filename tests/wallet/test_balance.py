"""`GET /fe/wallet/balance`: every field, and what adds up to what."""

import re
from typing import Any

import pytest

from tests.support.factories import ClientFactory
from tests.support.http import Caller, GamerCaller, StudioCaller
from tests.support.money import fill, hold
from wallet.ledger import Bucket

pytestmark = pytest.mark.django_db


def test_a_new_gamers_balance_is_the_welcome_bonus_only(gamer: GamerCaller) -> None:
    (bonus,) = gamer.get("/fe/wallet/transactions").ok()["transactions"]
    balance = gamer.balance()
    assert balance == {
        "wallet_address": gamer.session["wallet_address"],
        "earned_balance": 0,
        "bought_balance": 0,
        "bonus_balance": 50,
        "lazy_balance": 50,
        "on_chain_balance": 50,
        "lazy_balance_delta": 0,
        "is_lazy_balance_updated": True,
        "wallet_transaction_error": False,
        "created_at": balance["created_at"],
        "modified_at": bonus["created_at"],
        "minWalletBalToWithdraw": 0,
        "held_balance": 0,
        "currency": "KCASH",
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", balance["created_at"])
    assert balance["created_at"] <= balance["modified_at"]


def test_lazy_balance_is_the_sum_of_the_three_buckets(studio: StudioCaller, gamer: GamerCaller) -> None:
    studio.deposit("player-1", 300, "d-1").ok(201)
    fill(gamer, Bucket.EARNED, 7)
    balance = gamer.balance()
    assert gamer.buckets() == (50, 300, 7)
    assert (balance["lazy_balance"], balance["on_chain_balance"], balance["lazy_balance_delta"]) == (357, 357, 0)
    assert balance["is_lazy_balance_updated"] is True


def test_held_money_is_not_part_of_the_other_balances(gamer: GamerCaller) -> None:
    fill(gamer, Bucket.EARNED, 100)
    hold(gamer, 30)
    balance = gamer.balance()
    assert balance["held_balance"] == 30
    assert (balance["earned_balance"], balance["lazy_balance"], balance["lazy_balance_delta"]) == (70, 120, -30)
    assert (balance["on_chain_balance"], balance["is_lazy_balance_updated"]) == (150, False)


def test_an_empty_wallet_has_delta_zero_and_counts_as_updated() -> None:
    game = StudioCaller.of(ClientFactory(welcome_bonus=0))
    gamer = game.gamer("player-1")
    balance = gamer.balance()
    assert (balance["lazy_balance"], balance["lazy_balance_delta"]) == (0, 0)
    assert balance["is_lazy_balance_updated"] is True
    assert balance["modified_at"] == balance["created_at"]
    assert gamer.get("/fe/wallet/transactions").ok()["transactions"] == []


def test_minimum_bonus_and_currency_come_from_the_clients_settings() -> None:
    game = StudioCaller.of(ClientFactory(welcome_bonus=7, minimum_withdrawal=500, currency="GEMS"))
    balance = game.gamer("player-1").balance()
    assert (balance["minWalletBalToWithdraw"], balance["bonus_balance"], balance["currency"]) == (500, 7, "GEMS")


def test_modified_at_is_the_time_of_the_last_movement(studio: StudioCaller, gamer: GamerCaller) -> None:
    first = gamer.balance()
    deposited = studio.deposit("player-1", 1, "d-1").ok(201)
    then = gamer.balance()
    assert then["created_at"] == first["created_at"]
    assert first["modified_at"] < then["modified_at"] == deposited["created_at"]


def test_an_address_is_created_once_and_is_unique(studio: StudioCaller, other_studio: StudioCaller) -> None:
    gamers = [studio.gamer("ann"), studio.gamer("bob"), other_studio.gamer("ann")]
    addresses = [gamer.balance()["wallet_address"] for gamer in gamers]
    assert all(re.fullmatch("0x[0-9a-f]{40}", address) for address in addresses)
    assert len(set(addresses)) == 3
    assert studio.gamer("ann", username="Ann").balance()["wallet_address"] == addresses[0]


def test_a_suspended_gamer_can_read_the_balance(studio: StudioCaller, gamer: GamerCaller) -> None:
    studio.post("/s2s/gamers/player-1/suspend", {"reason": "cheating"}).ok()
    assert gamer.buckets() == (50, 0, 0)
    assert len(gamer.get("/fe/wallet/transactions").ok()["transactions"]) == 1


@pytest.mark.parametrize("path", ["/fe/wallet/balance", "/fe/wallet/transactions"])
def test_only_the_gamer_can_read_the_wallet(studio: StudioCaller, path: str) -> None:
    strangers: list[Any] = [Caller(), Caller({"user-jwt-token": "x"}), studio]
    for caller in strangers:
        caller.get(path).refused(401, "UN_AUTHORIZED")

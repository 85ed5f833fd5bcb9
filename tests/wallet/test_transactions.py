"""`GET /fe/wallet/transactions`: what an entry looks like, and the filters. Pages are in test_paging."""

from typing import Any

import pytest

from tests.support.addresses import STATEMENT
from tests.support.factories import ClientFactory
from tests.support.http import GamerCaller, StudioCaller
from tests.support.money import fill, one, wallet_of
from wallet.ledger import Bucket

pytestmark = pytest.mark.django_db


def entries(gamer: GamerCaller, query: str = "") -> list[dict[str, Any]]:
    """All of a page."""
    found: list[dict[str, Any]] = gamer.get(f"{STATEMENT}{query}").ok()["transactions"]
    return found


def kinds(gamer: GamerCaller, query: str = "") -> list[str]:
    """The types of a page, newest first."""
    return [entry["description"]["type"] for entry in entries(gamer, query)]


def masked(address: str) -> str:
    """As 0x7d*****f0a2."""
    return f"0x{address[2:4]}*****{address[-4:]}"


@pytest.fixture
def journey(studio: StudioCaller, gamer: GamerCaller) -> GamerCaller:
    """A gamer to whom everything has happened that moves money."""
    kept, left, cancelled = (studio.tournament(title=title) for title in ("kept", "left", "cancelled"))
    studio.deposit("player-1", 100, "d-1").ok(201)
    studio.deposit("player-1", 30, "d-2").ok(201)
    studio.post("/s2s/wallet/deposits/d-2/reverse").ok()
    for uid in (kept, left, cancelled):
        gamer.join(uid).ok()
    gamer.leave(left).ok()
    studio.post(f"/s2s/esports/tournaments/{cancelled}/cancel").ok()
    return gamer


def test_a_join_is_one_entry_with_exactly_the_documented_fields(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament(buy_in_price=10)
    gamer.join(uid).ok()
    page = gamer.get(STATEMENT).ok()
    entry = page["transactions"][0]
    escrow = one(
        "SELECT a.address FROM wallet_account a JOIN esports_tournament t ON t.escrow_id = a.id WHERE t.id = %s", uid
    )
    assert entry == {
        "uid": str(one("SELECT id FROM wallet_transaction WHERE kind = 'JOIN'")),
        "from_wallet": masked(gamer.session["wallet_address"]),
        "to_wallet": masked(escrow),
        "amount": 10,
        "sync_status": "COMPLETED",
        "description": {
            "platformProtocolsTxnAmount": 10,
            "platformProtocolsTxnDescription": "Tournament fee deduct",
            "platformProtocolsTxnName": "Tournament fee deduct",
            "type": "JOIN",
            "platformProtocolsTxnType": "DEBIT",
        },
        "created_at": entry["created_at"],
        "updated_at": entry["created_at"],
        "balance_after": 40,
        "block_number": None,
        "transaction_hash": None,
        "gas_fee": None,
    }
    assert set(page) == {"fromTransactions", "toTransactions", "transactions", "last_evaluated_key"}
    assert page["last_evaluated_key"] == ""


def test_every_movement_has_its_type_direction_amount_and_running_balance(journey: GamerCaller) -> None:
    found = [
        (e["description"]["type"], e["description"]["platformProtocolsTxnType"], e["amount"], e["balance_after"])
        for e in entries(journey)
    ]
    assert found == [
        ("REFUND", "CREDIT", 10, 140),
        ("LEAVE", "CREDIT", 10, 130),
        ("JOIN", "DEBIT", 10, 120),
        ("JOIN", "DEBIT", 10, 130),
        ("JOIN", "DEBIT", 10, 140),
        ("DEPOSIT_REVERSAL", "DEBIT", 30, 150),
        ("DEPOSIT", "CREDIT", 30, 180),
        ("DEPOSIT", "CREDIT", 100, 150),
        ("WELCOME_BONUS", "CREDIT", 50, 50),
    ]
    assert journey.balance()["lazy_balance"] == 140
    times = [entry["created_at"] for entry in entries(journey)]
    assert times == sorted(times, reverse=True)
    assert len(set(times)) == 9


def test_sent_and_received_split_the_page_and_name_the_gamers_wallet(journey: GamerCaller) -> None:
    page = journey.get(STATEMENT).ok()
    sent, received, whole = page["fromTransactions"], page["toTransactions"], page["transactions"]
    assert (len(sent), len(received), len(whole)) == (4, 5, 9)
    assert sent == [e for e in whole if e["description"]["platformProtocolsTxnType"] == "DEBIT"]
    assert received == [e for e in whole if e["description"]["platformProtocolsTxnType"] == "CREDIT"]
    own = masked(journey.session["wallet_address"])
    assert {e["from_wallet"] for e in sent} == {own} == {e["to_wallet"] for e in received}
    assert own not in {e["to_wallet"] for e in sent} | {e["from_wallet"] for e in received}


def test_addresses_of_others_are_masked(journey: GamerCaller) -> None:
    text = journey.get(STATEMENT).content.decode()
    assert wallet_of(journey).address[2:] not in text
    assert "0x" in text


def test_a_refund_comes_from_the_wallet_that_took_the_stake(journey: GamerCaller) -> None:
    refund, leave, *_ = entries(journey)
    stakes = {entry["to_wallet"] for entry in entries(journey, "?type=JOIN")}
    assert {refund["from_wallet"], leave["from_wallet"]} < stakes


def test_a_stake_from_three_buckets_is_one_entry_with_the_sum(studio: StudioCaller, gamer: GamerCaller) -> None:
    studio.deposit("player-1", 20, "d-1").ok(201)
    fill(gamer, Bucket.EARNED, 100)
    uid = studio.tournament(buy_in_price=75)
    gamer.join(uid, 75).ok()
    assert one("SELECT count(*) FROM wallet_posting p JOIN wallet_transaction t ON t.id = transaction_id"
               " WHERE t.kind = 'JOIN'") == 3  # fmt: skip
    assert gamer.buckets() == (0, 0, 95)
    gamer.leave(uid).ok()
    leave, stake = entries(gamer)[:2]
    assert (stake["amount"], stake["balance_after"]) == (75, 95)
    assert (leave["amount"], leave["balance_after"]) == (75, 170)


FILTERED = {
    "type=JOIN": ["JOIN"] * 3,
    "type=LEAVE": ["LEAVE"],
    "type=REFUND": ["REFUND"],
    "type=DEPOSIT": ["DEPOSIT"] * 2,
    "type=DEPOSIT_REVERSAL": ["DEPOSIT_REVERSAL"],
    "type=WELCOME_BONUS": ["WELCOME_BONUS"],
    "type=REWARD": [],
    "type=WITHDRAW": [],
    "type=WITHDRAW_REVERSAL": [],
    "type=ADJUSTMENT": [],
    "direction=DEBIT": ["JOIN", "JOIN", "JOIN", "DEPOSIT_REVERSAL"],
    "direction=CREDIT": ["REFUND", "LEAVE", "DEPOSIT", "DEPOSIT", "WELCOME_BONUS"],
    "type=JOIN&direction=DEBIT": ["JOIN"] * 3,
    "type=JOIN&direction=CREDIT": [],
}


def test_a_statement_is_filtered_by_type_and_direction(journey: GamerCaller) -> None:
    assert {query: kinds(journey, f"?{query}") for query in FILTERED} == FILTERED


def test_an_unknown_type_or_direction_is_refused(gamer: GamerCaller) -> None:
    for field, values in (("type", ["join", "SPONSORSHIP", "%00", "x"]), ("direction", ["credit", "BOTH", "%00"])):
        for value in values:
            problem = gamer.get(f"{STATEMENT}?{field}={value}").refused(400, "BAD_REQUEST")
            assert [fault["field"] for fault in problem["errors"]] == [field]


def test_a_free_tournament_leaves_no_entry(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament(
        buy_in_price=0,
        sponsored_amount=100,
        prize_table={"kind": "fixed", "bands": [{"from_rank": 1, "to_rank": 1, "amount": 100}]},
    )
    gamer.join(uid, 0).ok()
    gamer.leave(uid).ok()
    assert kinds(gamer) == ["WELCOME_BONUS"]


def test_a_statement_has_only_the_gamers_own_entries(studio: StudioCaller, journey: GamerCaller) -> None:
    other = StudioCaller.of(ClientFactory()).gamer("player-1")
    assert kinds(other) == kinds(studio.gamer("player-2")) == ["WELCOME_BONUS"]

"""`POST /s2s/wallet/deposits/{reference}/reverse`: the whole of it, once, out of what bought still holds."""

from urllib.parse import quote

import pytest

from tests.support.http import Answer, GamerCaller, StudioCaller
from tests.support.money import fill, nothing_changes, one
from wallet.ledger import Bucket

pytestmark = pytest.mark.django_db


def reverse(studio: StudioCaller, reference: str) -> Answer:
    """Reverse a deposit, its reference percent-encoded."""
    return studio.post(f"/s2s/wallet/deposits/{quote(reference, safe='')}/reverse")


def test_a_reversal_takes_the_whole_deposit_back(studio: StudioCaller, gamer: GamerCaller) -> None:
    deposited = studio.deposit("player-1", 300, "order-1").ok(201)
    studio.deposit("player-1", 20, "order-2").ok(201)
    answer = reverse(studio, "order-1").ok()
    assert gamer.buckets() == (50, 20, 0)
    newest = gamer.get("/fe/wallet/transactions").ok()["transactions"][0]
    assert answer == newest | {"reference": "order-1"}
    assert (answer["amount"], answer["balance_after"]) == (300, 70)
    assert (answer["from_wallet"], answer["to_wallet"]) == (deposited["to_wallet"], deposited["from_wallet"])
    assert answer["uid"] != deposited["uid"]
    assert answer["description"] == {
        "platformProtocolsTxnAmount": 300,
        "platformProtocolsTxnDescription": "Deposit reversed",
        "platformProtocolsTxnName": "Deposit reversed",
        "type": "DEPOSIT_REVERSAL",
        "platformProtocolsTxnType": "DEBIT",
    }


def test_a_repeated_reversal_gets_the_same_answer_at_any_balance(studio: StudioCaller, gamer: GamerCaller) -> None:
    studio.deposit("player-1", 300, "order-1").ok(201)
    first = reverse(studio, "order-1")
    for left in (0, 1000):
        if left:
            studio.deposit("player-1", left, "order-2").ok(201)
        with nothing_changes():
            again = reverse(studio, "order-1")
        assert (again.status, again.content) == (200, first.content)
    assert gamer.buckets() == (50, 1000, 0)


def test_a_reversal_does_not_spend_bonus_or_earned_money(studio: StudioCaller, gamer: GamerCaller) -> None:
    fill(gamer, Bucket.EARNED, 1000)
    studio.deposit("player-1", 100, "order-1").ok(201)
    uid = studio.tournament(buy_in_price=51)
    gamer.join(uid, 51).ok()
    assert gamer.buckets() == (0, 99, 1000)
    with nothing_changes():
        reverse(studio, "order-1").refused(409, "INSUFFICIENT_BALANCE")
    gamer.leave(uid).ok()
    assert reverse(studio, "order-1").ok()["balance_after"] == 1050
    assert gamer.buckets() == (50, 0, 1000)


def test_a_reversal_spends_bought_money_of_any_deposit(studio: StudioCaller, gamer: GamerCaller) -> None:
    studio.deposit("player-1", 100, "order-1").ok(201)
    gamer.join(studio.tournament(buy_in_price=150), 150).ok()
    studio.deposit("player-1", 100, "order-2").ok(201)
    reverse(studio, "order-1").ok()
    with nothing_changes():
        reverse(studio, "order-2").refused(409, "INSUFFICIENT_BALANCE")
    assert gamer.buckets() == (0, 0, 0)


UNKNOWN = [
    "nothing",
    "ORDER-1",
    "order-1%20",
    "%00",
    "order-1%00",
    "%ED%A0%80",
    "x" * 256,
    "x" * 5000,
    "%2F",
    "%E2%80%A8",
]
KNOWN = ["a/b", "a/b/", "/a", "reverse", "x/reverse", "a b", "ä€💰", "100%", "%2F", "a?b#c", "a\\b"]


def test_an_unknown_reference_is_not_found(studio: StudioCaller, gamer: GamerCaller) -> None:
    studio.deposit("player-1", 5, "order-1").ok(201)
    with nothing_changes():
        for path in UNKNOWN:
            studio.post(f"/s2s/wallet/deposits/{path}/reverse").refused(404, "RECORD_NOT_FOUND")


def test_another_clients_reference_is_unknown(
    studio: StudioCaller, other_studio: StudioCaller, gamer: GamerCaller
) -> None:
    other_studio.gamer("player-1")
    studio.deposit("player-1", 5, "order-1").ok(201)
    with nothing_changes():
        foreign = reverse(other_studio, "order-1").refused(404, "RECORD_NOT_FOUND")
        unknown = reverse(other_studio, "order-2").refused(404, "RECORD_NOT_FOUND")
    assert foreign | {"request_id": ""} == unknown | {"request_id": ""}


def test_any_reference_can_be_reversed(studio: StudioCaller, gamer: GamerCaller) -> None:
    for reference in KNOWN:
        studio.deposit("player-1", 5, reference).ok(201)
        assert reverse(studio, reference).ok()["reference"] == reference
        assert gamer.buckets() == (50, 0, 0)


def test_a_reversal_needs_no_body_and_ignores_one(studio: StudioCaller, gamer: GamerCaller) -> None:
    studio.deposit("player-1", 5, "order-1").ok(201)
    path = "/s2s/wallet/deposits/order-1/reverse"
    with nothing_changes():
        studio.post(path, raw=b"[]").refused(400, "BAD_REQUEST")
        studio.post(path, raw=b"{").refused(400, "BAD_REQUEST")
    first = studio.post(path, {"amount": 1, "whatever": None})
    assert first.ok()["amount"] == 5
    assert studio.post(path + "/", {}).content == first.content


def test_a_deposit_is_reversed_once_under_any_idempotency_key(studio: StudioCaller, gamer: GamerCaller) -> None:
    studio.deposit("player-1", 5, "order-1").ok(201)
    path = "/s2s/wallet/deposits/order-1/reverse"
    first, again, other = (studio.post(path, key=key) for key in ("k-1", "k-1", "k-2"))
    assert first.ok() == again.ok() == other.ok()
    assert [a.headers.get("Idempotent-Replayed") for a in (first, again, other)] == [None, "true", None]
    assert one("SELECT count(*) FROM wallet_transaction WHERE kind = 'DEPOSIT_REVERSAL'") == 1


def test_only_the_studios_server_can_reverse(studio: StudioCaller, gamer: GamerCaller) -> None:
    studio.deposit("player-1", 5, "order-1").ok(201)
    with nothing_changes():
        gamer.post("/s2s/wallet/deposits/order-1/reverse").refused(401, "UN_AUTHORIZED")

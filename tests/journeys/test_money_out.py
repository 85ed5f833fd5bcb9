"""Money out, from the first join to the gateway: fourteen play, five win and claim, one links a phone and is paid."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command

from esports.services.announcing import announce_due
from kgen.webhooks.services import deliver_due
from rewards.services.settling import settle_due
from tests.support import sms
from tests.support.addresses import CLAIM
from tests.support.clock import end
from tests.support.gateway import SECRET, FakeGateway, running_gateway
from tests.support.http import GamerCaller, StudioCaller
from tests.support.listener import Listener, listening
from tests.support.money import prove
from tests.support.phones import Phone
from wallet.services.paying import pay_due

pytestmark = pytest.mark.django_db

PRIZES = [40, 15, 15, 15, 10]


@pytest.fixture
def payouts(settings: Any) -> Iterator[FakeGateway]:
    """The gateway that pays, as the product's rail."""
    with running_gateway() as running:
        settings.PAYOUT_RAIL = "http"
        settings.PAYOUT_GATEWAY_URL = running.url
        settings.PAYOUT_GATEWAY_SECRET = SECRET
        settings.PAYOUT_GATEWAY_IDEMPOTENT = False
        yield running


@pytest.fixture
def phone(settings: Any) -> Iterator[Phone]:
    """A phone whose messages can be read."""
    with sms.running() as running:
        settings.SMS_PROVIDER, settings.SMS_URL = "http", f"{running.url}/sms"
        yield Phone(running)


@pytest.fixture
def listener(studio: StudioCaller) -> Iterator[Listener]:
    """The studio's server, registered for every event."""
    with listening() as running:
        studio.post("/s2s/webhooks", {"url": running.url}).ok(201)
        yield running


def results(studio: StudioCaller, uid: str) -> list[tuple[int, str, int, int, str | None]]:
    """The studio's view of how it ended."""
    rows = studio.get(f"/s2s/esports/tournaments/{uid}/results").ok()
    return [(row["rank"], row["user_id"], row["score"], row["reward"], row["claim_status"]) for row in rows]


def statement(gamer: GamerCaller) -> list[tuple[str, str, int, str, int]]:
    """A gamer's statement, oldest first."""
    rows = gamer.get("/fe/wallet/transactions").ok()["transactions"]
    return [
        (
            row["description"]["type"],
            row["description"]["platformProtocolsTxnType"],
            row["amount"],
            row["sync_status"],
            row["balance_after"],
        )
        for row in reversed(rows)
    ]


def heard(listener: Listener) -> list[tuple[str, dict[str, Any]]]:
    """All that was told, in order."""
    return [(body["type"], body["data"]) for body in listener.bodies()]


def test_fourteen_gamers_play_five_win_and_one_withdraws(
    studio: StudioCaller, payouts: FakeGateway, phone: Phone, listener: Listener
) -> None:
    uid = studio.tournament(mode="Ranked")
    names = [f"g{number}" for number in range(1, 15)]
    gamers = {name: studio.gamer(name) for name in names}
    for number, name in enumerate(names):
        gamers[name].join(uid).ok()
        gamers[name].score(uid, 1400 - 100 * number).ok()
    announce_due()
    before = gamers["g1"].board(uid)
    assert (before["price_pool"], before["winners"], before["participants_count"]) == (95, [], 14)
    assert results(studio, uid) == []

    end(uid)
    announce_due()
    assert settle_due() == 1
    assert settle_due() == 0
    ranked = [(rank, f"g{rank}", 1500 - 100 * rank) for rank in range(1, 15)]
    rewards = PRIZES + [0] * 9
    states = ["UNCLAIMED"] * 5 + [None] * 9
    assert results(studio, uid) == [
        (*line, reward, state) for line, reward, state in zip(ranked, rewards, states, strict=True)
    ]
    winners = gamers["g14"].board(uid)["winners"]
    assert [(row["user_id"], row["reward"], row["rank"]) for row in winners] == [
        (f"g{rank}", prize, rank) for rank, prize in enumerate(PRIZES, start=1)
    ]
    check_history(gamers, uid)

    for name, prize in zip(names, rewards, strict=True):
        assert gamers[name].get(CLAIM).ok()["total_claimable_amount"] == prize
        said = gamers[name].post(CLAIM, key="claim-1").ok()
        assert (said["claimed"], said["amount"]) == (int(prize > 0), prize)
        assert gamers[name].buckets() == (40, 0, prize)
    assert [line[4] for line in results(studio, uid)] == ["CLAIMED"] * 5 + [None] * 9

    first = gamers["g1"]
    first.post("/fe/wallet/withdraw").refused(409, "PHONE_NOT_LINKED")
    assert phone.link(first).ok() == {"message": "Users linked successfully"}
    assert phone.gateway.count(phone.e164) == 1
    linked = first.get("/fe/users/account/linked-mobile-number").ok()

    check_paid(first, payouts, linked["IndiggWalletAddress"])
    assert statement(gamers["g14"]) == [
        ("WELCOME_BONUS", "CREDIT", 50, "COMPLETED", 50),
        ("JOIN", "DEBIT", 10, "COMPLETED", 40),
    ]

    while deliver_due():
        pass
    check_events(listener, uid, first, linked["KGenID"])
    proof = prove()
    assert proof.exit_code == 0, proof.err
    call_command("verify_settlement", uid)


def check_history(gamers: dict[str, GamerCaller], uid: str) -> None:
    """What a winner and a loser read in their histories."""
    for name, result, rank, won in (("g1", "Won", 1, 40), ("g5", "Won", 5, 10), ("g6", "You Lost", 6, 0)):
        (row,) = gamers[name].get("/fe/esports/statistics/historic").ok()
        ends_at = row.pop("occurredAtText")
        assert ends_at == gamers[name].get(f"/fe/esports/tournaments/{uid}").ok()["ends_at_timestamp"]
        assert row == {
            "type": "Tournament",
            "typeValue": 14,
            "result": result,
            "mode": "Ranked",
            "buyInStake": 10,
            "amountWon": won,
            "tournament_uid": uid,
            "rank": rank,
            "score": 1500 - 100 * rank,
        }


def check_paid(gamer: GamerCaller, payouts: FakeGateway, to_wallet: str) -> None:
    """The gamer withdraws all of 40 earned, and the gateway pays it once."""
    asked = gamer.post("/fe/wallet/withdraw", key="out-1").ok()
    assert asked == {
        "msg": "wallet withdrawl successful",
        "withdrawal_id": asked["withdrawal_id"],
        "amount": 40,
        "status": "REQUESTED",
    }
    again = gamer.post("/fe/wallet/withdraw", key="out-1")
    assert (again.ok(), again.headers["Idempotent-Replayed"]) == (asked, "true")
    gamer.post("/fe/wallet/withdraw").refused(409, "WITHDRAWAL_IN_PROGRESS")
    assert payouts.sent == []
    assert statement(gamer)[-1] == ("WITHDRAW", "DEBIT", 40, "PENDING", 40)
    balance = gamer.balance()
    assert (balance["earned_balance"], balance["held_balance"], balance["lazy_balance"]) == (0, 40, 40)

    assert pay_due() == 1
    assert pay_due() == 0
    reference = asked["withdrawal_id"]
    assert payouts.sent == [{"reference": reference, "amount": 40, "currency": "KCASH", "to_wallet": to_wallet}]
    assert (payouts.effects, payouts.asked, payouts.faults) == ({reference: 1}, [], [])

    paid = gamer.get(f"/fe/wallet/withdrawals/{reference}").ok()
    assert (paid["status"], paid["amount"], paid["to_wallet"]) == ("PAID", 40, to_wallet)
    assert (paid["transaction_hash"], paid["block_number"], paid["gas_fee"]) == (f"0x{reference}", 7, 3)
    assert statement(gamer) == [
        ("WELCOME_BONUS", "CREDIT", 50, "COMPLETED", 50),
        ("JOIN", "DEBIT", 10, "COMPLETED", 40),
        ("REWARD", "CREDIT", 40, "COMPLETED", 80),
        ("WITHDRAW", "DEBIT", 40, "COMPLETED", 40),
    ]
    newest = gamer.get("/fe/wallet/transactions").ok()["transactions"][0]
    assert (newest["transaction_hash"], newest["block_number"], newest["gas_fee"]) == (f"0x{reference}", 7, 3)
    balance = gamer.balance()
    assert gamer.buckets() == (40, 0, 0)
    assert (balance["held_balance"], balance["wallet_transaction_error"]) == (0, False)
    # Nothing is on its way out any longer.
    assert (balance["on_chain_balance"], balance["lazy_balance_delta"]) == (40, 0)


def check_events(listener: Listener, uid: str, gamer: GamerCaller, kgen_id: str) -> None:
    """The studio's server heard of each step once, in the order in which they were taken, and of no phone."""
    events = heard(listener)
    assert [type for type, _ in events] == [
        "tournament.started",
        "tournament.completed",
        "tournament.settled",
        *["reward.claimed"] * 5,
        "gamer.linked",
        "withdrawal.paid",
    ]
    assert all(data["tournament_uid"] == uid for _, data in events[:8])
    assert events[2][1] == {"tournament_uid": uid, "winners": 5, "prizes": 95}
    claims = [(data["user_id"], data["amount"]) for _, data in events[3:8]]
    assert claims == [(f"g{rank}", prize) for rank, prize in enumerate(PRIZES, start=1)]
    assert (events[8][1]["user_id"], events[8][1]["kgen_id"]) == ("g1", kgen_id)
    (withdrawal,) = gamer.get("/fe/wallet/withdrawals").ok()
    assert events[9][1]["withdrawal_id"] == withdrawal["withdrawal_id"]
    assert events[9][1]["amount"] == 40
    assert events[9][1]["gamer_id"] == events[8][1]["gamer_id"]
    assert len({one.headers["webhook-id"] for one in listener.heard}) == len(events)
    assert b"8000000001" not in b"".join(one.body for one in listener.heard)

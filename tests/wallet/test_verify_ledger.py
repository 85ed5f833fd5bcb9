"""`manage.py verify_ledger`: silent about a sound ledger; a row that was tampered with is found and named."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from tests.support.factories import ClientFactory
from tests.support.http import GamerCaller, StudioCaller
from tests.support.money import one, prove, rows, tamper
from tests.support.time import move
from wallet import ledger
from wallet.ledger import SystemAccount

pytestmark = pytest.mark.django_db

SPONSORED = {
    "buy_in_price": 0,
    "sponsored_amount": 500,
    "prize_table": {"kind": "fixed", "bands": [{"from_rank": 1, "to_rank": 3, "amount": 100}]},
}


@dataclass
class Played:
    """A studio, its gamers, and a tournament that is running."""

    studio: StudioCaller
    gamers: list[GamerCaller]
    uid: str


@pytest.fixture
def everything(studio: StudioCaller) -> Played:
    """Joins, leaves, rejoins, deposits, a reversal, refusals, and cancels with and without a sponsor."""
    gamers = [studio.gamer(f"player-{index}") for index in range(1, 5)]
    running, sponsored, cancelled = studio.tournament(), studio.tournament(**SPONSORED), studio.tournament()
    raised = studio.tournament(sponsored_amount=70, buy_in_price=20)
    for index, gamer in enumerate(gamers):
        studio.deposit(gamer.user_id, 100 * (index + 1), f"order-{index}").ok(201)
        for uid, stake in ((running, 10), (sponsored, 0), (cancelled, 10), (raised, 20)):
            gamer.join(uid, stake).ok()
        gamer.score(running, index).ok()
    gamers[0].leave(cancelled).ok()
    gamers[0].join(cancelled).ok()
    gamers[1].leave(cancelled).ok()
    gamers[2].leave(running).refused(409, "WRONG_STATE")
    studio.post("/s2s/wallet/deposits/order-3/reverse").ok()
    studio.post("/s2s/wallet/deposits/order-0/reverse").ok()
    studio.patch(f"/s2s/esports/tournaments/{raised}", {"sponsored_amount": 90}).ok()
    for uid in (cancelled, sponsored, raised):
        studio.post(f"/s2s/esports/tournaments/{uid}/cancel", {"reason": "rain"}).ok()
    return Played(studio, gamers, running)


def test_a_ledger_with_every_movement_proves(everything: Played) -> None:
    proof = prove()
    assert (proof.exit_code, proof.err) == (0, "")
    assert proof.out.splitlines()[-1] == "verify_ledger: the ledger proves, no differences"
    assert [gamer.buckets() for gamer in everything.gamers] == [(40, 0, 0), (40, 200, 0), (40, 300, 0), (40, 0, 0)]
    assert rows("SELECT kind, posted_balance::int FROM audit.account WHERE wallet_id IS NULL AND posted_balance <> 0"
                " ORDER BY kind") == [("deposits", -500), ("escrow", 40), ("promotions", -200)]  # fmt: skip


def test_the_report_has_totals_by_kind_and_currency_that_sum_to_zero(everything: Played) -> None:
    gems = StudioCaller.of(ClientFactory(currency="GEMS", welcome_bonus=7))
    gems.gamer("player-1")
    lines = [line.split() for line in prove().out.splitlines()]
    printed = {(line[0], line[1]): int(line[-1].replace(",", "")) for line in lines if line[-2:-1] == ["accounts"]}
    assert printed == {
        ("KCASH", "bonus"): 160,
        ("KCASH", "bought"): 500,
        ("KCASH", "earned"): 0,
        ("KCASH", "held"): 0,
        ("KCASH", "deposits"): -500,
        ("KCASH", "promotions"): -200,
        ("KCASH", "escrow"): 40,
        ("KCASH", "sponsor"): 0,
        ("GEMS", "bonus"): 7,
        ("GEMS", "bought"): 0,
        ("GEMS", "earned"): 0,
        ("GEMS", "held"): 0,
        ("GEMS", "promotions"): -7,
    } | {key: value for key, value in printed.items() if key[1] == "all"}
    sums = [line for line in lines if line[1:3] == ["all", "accounts"]]
    assert sums == [["GEMS", "all", "accounts", "0"], ["KCASH", "all", "accounts", "0"]]


def test_an_empty_ledger_proves() -> None:
    assert (prove().exit_code, prove().err) == (0, "")


@pytest.fixture
def played(studio: StudioCaller) -> Played:
    """Two gamers in a tournament of 10 that is running; another one, and a sponsored one, were cancelled."""
    gamers = [studio.gamer("player-1"), studio.gamer("player-2")]
    running, cancelled = studio.tournament(), studio.tournament()
    studio.deposit("player-1", 100, "order-1").ok(201)
    studio.deposit("player-2", 100, "order-2").ok(201)
    studio.post("/s2s/wallet/deposits/order-2/reverse").ok()
    for gamer in gamers:
        gamer.join(cancelled).ok()
        gamer.join(running).ok()
    for uid in (cancelled, studio.tournament(**SPONSORED)):
        studio.post(f"/s2s/esports/tournaments/{uid}/cancel").ok()
    return Played(studio, gamers, running)


JOIN_OF = """
SELECT p.id FROM wallet_posting p JOIN wallet_transaction t ON t.id = p.transaction_id
 WHERE t.kind = 'JOIN' ORDER BY p.id DESC LIMIT 1
"""
DEPOSIT = "SELECT id FROM wallet_transaction WHERE kind = 'DEPOSIT' ORDER BY created_at LIMIT 1"
ESCROW = "SELECT escrow_id FROM esports_tournament WHERE id = %s"


def found(sql: str, *arguments: object) -> list[str]:
    """Tamper by this statement; what `verify_ledger` then says on stderr, line by line."""
    assert prove().exit_code == 0
    tamper(sql, *arguments)
    proof = prove()
    *differences, last = proof.err.splitlines()
    assert proof.exit_code == 1
    assert last == f"verify_ledger: {len(differences)} differences"
    assert "no differences" not in proof.out
    return differences


def test_a_changed_amount_of_a_posting_is_reported(played: Played) -> None:
    """Player 2's stake of 10 out of 40, told as 11; 10 of another stake came back afterwards."""
    ((posting, account),) = rows(f"SELECT id, source_id FROM wallet_posting WHERE id = ({JOIN_OF})")
    join, refund = rows(
        "SELECT id || ' ' || reference FROM wallet_transaction t JOIN audit.account a USING (wallet_id)"
        " WHERE a.account_id = %s AND t.kind IN ('JOIN', 'REFUND') ORDER BY created_at DESC LIMIT 2",
        account,
    )[::-1]
    after = "balance after = the three buckets after its last posting: transaction"
    lines = found("UPDATE wallet_posting SET amount = 11 WHERE id = %s", posting)
    assert sorted(line.removeprefix("DIFFERENCE ") for line in lines) == [
        f"account balance = sum of its postings: account {account}: stored 40, postings say 39",
        f"{after} {join[0]}: stored 30, postings say 29",
        f"{after} {refund[0]}: stored 40, postings say 39",
        f"escrow = stakes of the field + sponsorship: tournament {played.uid}: holds 21, expected 20",
        f"running balance = balance before + amount: posting {posting} on account {account}: stored 30, expected 29",
    ]


def test_a_wrong_balance_of_an_account_is_reported(played: Played) -> None:
    id = one("SELECT max(id) FROM wallet_account WHERE kind = 'bought'")
    lines = found("UPDATE wallet_account SET balance = balance + 7 WHERE id = %s", id)
    assert lines == [f"DIFFERENCE account balance = sum of its postings: account {id}: stored 7, postings say 0"]


def test_the_proof_finds_a_balance_without_postings(played: Played) -> None:
    id = one("SELECT max(id) FROM wallet_account WHERE kind = 'earned'")
    lines = found("UPDATE wallet_account SET balance = 1 WHERE id = %s", id)
    assert lines == [f"DIFFERENCE account balance = sum of its postings: account {id}: stored 1, postings say 0"]


def test_the_proof_finds_the_highest_possible_balance(played: Played) -> None:
    id = one("SELECT max(id) FROM wallet_account WHERE kind = 'earned'")
    lines = found("UPDATE wallet_account SET balance = %s WHERE id = %s", 2**63 - 1, id)
    assert lines == [
        f"DIFFERENCE account balance = sum of its postings: account {id}: stored {2**63 - 1}, postings say 0"
    ]


@pytest.mark.parametrize(("column", "value"), [("source_balance", 1), ("source_balance", None)])
def test_a_wrong_running_balance_is_reported(played: Played, column: str, value: Any) -> None:
    id = one(JOIN_OF)
    account, stored = rows("SELECT source_id, source_balance FROM wallet_posting WHERE id = %s", id)[0]
    lines = found(f"UPDATE wallet_posting SET {column} = %s WHERE id = %s", value, id)
    rule = "DIFFERENCE running balance = balance before + amount: posting"
    assert lines[0] == f"{rule} {id} on account {account}: stored {value or 'nothing'}, expected {stored}"


def test_the_proof_finds_a_changed_balance_after_of_a_transaction(played: Played) -> None:
    id = one(DEPOSIT)
    reference, stored = rows("SELECT reference, balance_after FROM wallet_transaction WHERE id = %s", id)[0]
    lines = found("UPDATE wallet_transaction SET balance_after = balance_after + 1 WHERE id = %s", id)
    rule = "DIFFERENCE balance after = the three buckets after its last posting: transaction"
    assert lines == [f"{rule} {id} {reference}: stored {stored + 1}, postings say {stored}"]


def test_an_escrow_with_less_than_its_stakes_is_reported(played: Played) -> None:
    """The stakes say 20; a posting that went from the escrow to the house says 10."""
    uid = played.uid
    house = ledger.system_account(client_id=UUID(played.studio.client_id), currency="KCASH", kind=SystemAccount.HOUSE)
    posting = """INSERT INTO wallet_posting (transaction_id, source_id, destination_id, currency, amount)
                 SELECT id, %s, %s, 'KCASH', 10 FROM wallet_transaction WHERE kind = 'SPONSORSHIP' LIMIT 1"""
    lines = found(posting, one(ESCROW, uid), house)
    assert lines == [f"DIFFERENCE escrow = stakes of the field + sponsorship: tournament {uid}: holds 10, expected 20"]


def test_the_proof_finds_an_unpaid_stake(played: Played) -> None:
    sql = """UPDATE esports_participation SET stake = stake + 5 WHERE id =
             (SELECT id FROM esports_participation WHERE tournament_id = %s LIMIT 1)"""
    lines = found(sql, played.uid)
    rule = "DIFFERENCE escrow = stakes of the field + sponsorship: tournament"
    assert lines == [f"{rule} {played.uid}: holds 20, expected 25"]


def test_the_proof_finds_money_in_the_escrow_of_a_refunded_tournament(played: Played) -> None:
    sql = "UPDATE esports_tournament SET refunded_at = now(), cancelled_at = now() WHERE id = %s"
    lines = found(sql, played.uid)
    assert lines == [f"DIFFERENCE escrow of a settled or refunded tournament = 0: tournament {played.uid}: holds 20"]


def test_an_overdrawn_escrow_is_reported(played: Played) -> None:
    escrow = one(ESCROW, played.uid)
    sql = "UPDATE wallet_posting SET amount = 1000 WHERE id = (SELECT min(id) FROM wallet_posting WHERE source_id = %s)"
    uid = one("SELECT id FROM esports_tournament WHERE refunded_at IS NOT NULL AND buy_in_price = 10")
    emptied = one(ESCROW, uid)
    assert emptied != escrow
    lines = found(sql, emptied)
    assert f"DIFFERENCE escrow and payables are never overdrawn: account {emptied} escrow: holds -990" in lines


def test_a_wrong_seat_counter_is_reported(played: Played) -> None:
    lines = found("UPDATE esports_seats SET taken = 1 WHERE tournament_id = %s", played.uid)
    rule = "DIFFERENCE seats taken = gamers in the field: tournament"
    assert lines == [f"{rule} {played.uid}: counted 1, joined 2"]


def test_the_proof_finds_a_transaction_without_postings(played: Played) -> None:
    id = one(DEPOSIT)
    reference = one("SELECT reference FROM wallet_transaction WHERE id = %s", id)
    lines = found("DELETE FROM wallet_posting WHERE transaction_id = %s", id)
    assert f"DIFFERENCE a transaction has postings: transaction {id} {reference}: none" in lines


def test_the_proof_finds_a_transaction_moved_to_another_gamer(played: Played) -> None:
    id, posting = rows(f"SELECT t.id, p.id FROM ({DEPOSIT}) t JOIN wallet_posting p ON p.transaction_id = t.id")[0]
    reference = one("SELECT reference FROM wallet_transaction WHERE id = %s", id)
    other = one("SELECT wallet_id FROM users_gamer WHERE user_id = 'player-2'")
    lines = found("UPDATE wallet_transaction SET wallet_id = %s WHERE id = %s", other, id)
    rule = "DIFFERENCE a transaction touches one client and one gamer at most: transaction"
    assert f"{rule} {id} {reference}: posting {posting}" in lines


def test_an_ended_tournament_awaiting_refunds_is_due_and_not_a_difference(played: Played) -> None:
    move(played.uid, schedules_at=-3, moves_to_lobby_at=-3, starts_at=-3, locks_at=-1, ends_at=-1)
    proof = prove()
    assert proof.exit_code == 0
    assert "due: 1 escrows of tournaments that are over still wait to be emptied" in proof.out.splitlines()

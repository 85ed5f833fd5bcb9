"""The auditors' views: their columns are a promise, and what they say is what stands."""

import pytest
from django.db import DatabaseError, ProgrammingError, transaction

from rewards.models import Reward
from rewards.services.holding import hold_reward
from rewards.services.settling import settle_due
from tests.support.clock import end
from tests.support.http import GamerCaller, StudioCaller
from tests.support.money import execute, new_id, one, rows, wallet_of
from tests.support.refereeing import OPERATOR, disqualify, void
from tests.support.settling import play
from tests.support.withdrawals import link, withdraw
from users.models import KGenAccount
from wallet.models import Adjustment, Bucket, Direction, Withdrawal
from wallet.services import adjusting
from wallet.services.paying import pay_due

pytestmark = pytest.mark.django_db

COLUMNS = {
    "account": "account_id client_id wallet_id kind currency tournament_id address stored_balance posted_balance"
    " kgen_account_id",
    "transaction": "transaction_id client_id wallet_id kind reference balance_after created_at",
    "posting": "posting_id transaction_id source_account_id destination_account_id currency amount"
    " source_balance_after destination_balance_after",
    "tournament": "tournament_id client_id currency buy_in_price min_participants sponsored_amount prize_table tie_rule"
    " escrow_account_id size field_size schedules_at moves_to_lobby_at starts_at locks_at ends_at published_at"
    " cancelled_at refunded_at created_at settled_at",
    "participation": "participation_id client_id tournament_id gamer_id stake joined_at left_at refunded_at score"
    " reached_at final_rank prize disqualified_at",
    "reward": "reward_id client_id tournament_id participation_id gamer_id rank amount currency status created_at"
    " updated_at",
    "ruling": "ruling_id client_id participation_id act ruled_by ruled_at",
    "voided_score": "score_id client_id participation_id value source accepted_at voided_by voided_at",
    "hold_step": "hold_step_id client_id reward_id act done_by done_at",
    "withdrawal": "withdrawal_id client_id wallet_id amount currency destination kgen_account_id rail state review"
    " created_at updated_at settled_at tries approved_by rejected_by resolved_by block_number transaction_hash gas_fee"
    " returned_at return_asked_by returned_by",
    "adjustment": "adjustment_id client_id wallet_id currency bucket direction amount state requested_by created_at"
    " decided_by decided_at",
}


@pytest.fixture
def uid(studio: StudioCaller, gamer: GamerCaller) -> str:
    """A tournament that the gamer joined; another that was left."""
    studio.deposit("player-1", 100, "order-1").ok(201)
    uid, left = studio.tournament(buy_in_price=60, sponsored_amount=7), studio.tournament()
    gamer.join(uid, 60).ok()
    gamer.score(uid, 5).ok()
    gamer.join(left).ok()
    gamer.leave(left).ok()
    return uid


@pytest.fixture
def paid(studio: StudioCaller) -> tuple[str, KGenAccount, Withdrawal]:
    """A tournament whose winner has claimed 10 and withdrawn them, to which account, and how."""
    uid = studio.tournament()
    winner = play(studio, uid, {"a": 3, "b": 2, "c": 1})["a"]
    end(uid)
    settle_due()
    account = link(winner)
    winner.post("/fe/esports/rewards/claim").ok()
    withdrawal = withdraw(winner)
    pay_due()
    return uid, account, withdrawal


@pytest.fixture
def adjusted(gamer: GamerCaller) -> Adjustment:
    """5 of bonus money given, by 11 and 12."""
    row = adjusting.request_adjustment(
        wallet_id=wallet_of(gamer).id,
        bucket=Bucket.BONUS,
        direction=Direction.CREDIT,
        amount=5,
        reason="goodwill",
        operator_id=11,
    )
    adjusting.approve_adjustment(adjustment_id=row.pk, operator_id=12, note="agreed")
    return row


@pytest.fixture
def refereed(studio: StudioCaller) -> None:
    """A score voided and a gamer disqualified by a referee; the winner's prize on hold."""
    uid = studio.tournament()
    play(studio, uid, {"d": 4, "e": 3, "f": 2, "g": 1})
    void(uid, "e", 0)
    disqualify(uid, "g")
    end(uid)
    settle_due()
    reward = Reward.objects.get(tournament=uid)
    hold_reward(reward_id=reward.pk, operator_id=13, reason="looks odd")


@pytest.mark.parametrize("view", COLUMNS)
def test_a_view_has_the_documented_columns(view: str) -> None:
    found = rows(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'audit' AND table_name = %s"
        " ORDER BY ordinal_position",
        view,
    )
    assert [name for (name,) in found] == COLUMNS[view].split()


def test_posted_and_stored_balances_agree_and_sum_to_zero(uid: str) -> None:
    balances = rows("SELECT kind, stored_balance, posted_balance::int FROM audit.account ORDER BY kind, posted_balance")
    assert balances == [
        ("bonus", 0, 0),
        ("bought", 90, 90),
        ("deposits", None, -100),
        ("earned", 0, 0),
        ("escrow", None, 0),
        ("escrow", None, 67),
        ("held", 0, 0),
        ("promotions", None, -50),
        ("sponsor", None, -7),
    ]
    assert one("SELECT sum(posted_balance) FROM audit.account") == 0


def test_the_views_find_an_account_by_owner_and_by_address(uid: str, gamer: GamerCaller) -> None:
    escrow = rows("SELECT account_id FROM audit.account WHERE tournament_id = %s", uid)
    assert escrow == rows("SELECT escrow_account_id FROM audit.tournament WHERE tournament_id = %s", uid)
    own = rows("SELECT kind FROM audit.account WHERE address = %s ORDER BY 1", gamer.session["wallet_address"])
    assert own == [("bonus",), ("bought",), ("earned",), ("held",)]


def test_the_views_join_a_transaction_to_its_postings(uid: str) -> None:
    found = rows(
        "SELECT s.kind, d.kind, p.amount, p.source_balance_after, p.destination_balance_after"
        "  FROM audit.transaction t JOIN audit.posting p USING (transaction_id)"
        "  JOIN audit.account s ON s.account_id = source_account_id"
        "  JOIN audit.account d ON d.account_id = destination_account_id"
        "  JOIN audit.participation stay ON t.reference = 'join:' || stay.participation_id"
        " WHERE stay.tournament_id = %s ORDER BY p.posting_id",
        uid,
    )
    assert found == [("bonus", "escrow", 50, 0, None), ("bought", "escrow", 10, 90, None)]


def test_the_views_show_tournaments_and_participations(uid: str) -> None:
    tournament = rows(
        "SELECT buy_in_price, sponsored_amount, size, field_size, currency, cancelled_at FROM audit.tournament"
        " WHERE tournament_id = %s",
        uid,
    )
    assert tournament == [(60, 7, 100, 1, "KCASH", None)]
    participations = rows(
        "SELECT stake, left_at IS NULL, refunded_at, score FROM audit.participation ORDER BY joined_at"
    )
    assert participations == [(60, True, None, 5), (10, False, None, None)]


@pytest.mark.usefixtures("uid", "paid", "adjusted", "refereed")
def test_an_auditor_can_read_the_views_and_no_table() -> None:
    role = f"auditor_{new_id().hex}"
    execute(f"CREATE ROLE {role}; GRANT USAGE ON SCHEMA audit TO {role}")
    execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA audit TO {role}; SET LOCAL ROLE {role}")
    for view in COLUMNS:
        assert one(f"SELECT count(*) > 0 FROM audit.{view}")
        for sql in (f"DELETE FROM audit.{view}", f"UPDATE audit.{view} SET client_id = client_id"):
            with pytest.raises(DatabaseError), transaction.atomic():
                execute(sql)
    for table in ("users_gamer", "wallet_account", "wallet_posting"):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            execute(f"SELECT 1 FROM {table}")
    execute("RESET ROLE")


def test_the_views_trace_a_prize_from_reward_to_kgen_wallet(paid: tuple[str, KGenAccount, Withdrawal]) -> None:
    uid, account, withdrawal = paid
    reward = rows("SELECT rank, amount, currency, status, tournament_id::text, reward_id FROM audit.reward")
    assert [row[:-1] for row in reward] == [(1, 10, "KCASH", "CLAIMED", uid)]
    assert one("SELECT count(*) FROM audit.transaction WHERE reference = %s", f"claim:{reward[0][-1]}") == 1
    listed = rows("SELECT withdrawal_id, amount, state, destination, kgen_account_id FROM audit.withdrawal")
    assert listed == [(withdrawal.pk, 10, "PAID", account.address, account.pk)]
    held = rows("SELECT kgen_account_id, tournament_id, posted_balance::int FROM audit.account WHERE kind = 'kgen'")
    assert held == [(account.pk, None, 10)]


def test_the_views_join_an_adjustment_to_its_transaction(adjusted: Adjustment) -> None:
    listed = rows(
        "SELECT adjustment_id, a.currency, bucket, direction, a.amount, state, requested_by, decided_by, p.amount"
        "  FROM audit.adjustment a JOIN audit.transaction t ON t.reference = 'adjustment:' || adjustment_id"
        "  JOIN audit.posting p USING (transaction_id)"
    )
    assert listed == [(adjusted.pk, "KCASH", "bonus", "CREDIT", 5, "APPROVED", 11, 12, 5)]


@pytest.mark.usefixtures("refereed")
def test_the_views_show_rulings_and_reviews() -> None:
    assert rows("SELECT act, ruled_by, ruled_at <= now() + interval '1 hour' FROM audit.ruling") == [
        ("DISQUALIFY", OPERATOR, True)
    ]
    assert rows("SELECT value, voided_by FROM audit.voided_score") == [(3, OPERATOR)]
    held = "SELECT h.act, h.done_by, r.status FROM audit.hold_step h JOIN audit.reward r USING (reward_id)"
    assert rows(held) == [("HOLD", 13, "HELD")]


def test_no_view_holds_personal_data() -> None:
    columns = " ".join(COLUMNS.values()).split()
    assert not {"user_id", "email", "name", "username", "phonenumber", "linked_phone"} & set(columns)
    assert {view for (view,) in rows("SELECT viewname FROM pg_views WHERE schemaname = 'audit'")} == COLUMNS.keys()

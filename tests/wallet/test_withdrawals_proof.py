"""verify_ledger finds every way in which withdrawals and bookings could disagree."""

from typing import Any

import pytest
from django.db import connection

from tests.support.http import GamerCaller
from tests.support.withdrawals import assert_proven, earn, link, withdraw
from wallet.models import Withdrawal
from wallet.selectors import ledger_differences
from wallet.services import paying

pytestmark = pytest.mark.django_db

HELD = "held = the open withdrawal"
ENDS = "a withdrawal is held once, and ends once as its state says"
ORPHAN = "a withdrawal's booking has its withdrawal"


@pytest.fixture
def rows(gamer: GamerCaller) -> tuple[Withdrawal, Withdrawal]:
    """One that is paid and one that is open."""
    earn(gamer, 300)
    link(gamer)
    paid = withdraw(gamer, 100)
    paying.pay_due()
    made = paid, withdraw(gamer, 50)
    assert_proven()
    return made


@pytest.mark.parametrize(
    ("which", "change", "rules"),
    [
        (1, "amount = 51", {HELD, ENDS}),
        (1, "state = 'PAID', settled_at = now()", {HELD, ENDS}),
        (1, "state = 'FAILED', settled_at = now()", {HELD, ENDS}),
        (0, "state = 'FAILED'", {ENDS}),
        (0, "state = 'RETURNED', returned_at = now(), rail = 'http'", {ENDS}),
        (0, "amount = 99", {ENDS}),
        (0, "id = gen_random_uuid()", {ENDS, ORPHAN}),
    ],
)
def test_the_proof_finds_a_changed_withdrawal(rows: Any, which: int, change: str, rules: set[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("DELETE FROM wallet_payoutattempt")
        cursor.execute(f"UPDATE wallet_withdrawal SET {change} WHERE id = %s", [rows[which].pk])
    assert {difference.rule for difference in ledger_differences()} == rules

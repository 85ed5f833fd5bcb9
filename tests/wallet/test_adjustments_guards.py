"""What the database refuses of adjustments by itself, and what the proof finds where somebody got around it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from tests.support.factories import ClientFactory
from tests.support.http import GamerCaller, StudioCaller
from tests.support.money import copy_row, execute, new_id, one, prove, refused_by, tamper, wallet_of
from tests.support.operators import CHECKER, MAKER
from wallet.models import Adjustment, Bucket, Direction
from wallet.selectors import ledger_differences
from wallet.services import adjusting

pytestmark = pytest.mark.django_db

DECIDED = {"decided_by": CHECKER, "decided_at": "2026-01-01T00:00:00Z", "note": "agreed"}


@pytest.fixture
def ask(gamer: GamerCaller) -> Callable[[], Adjustment]:
    """Asks for 10 more of bonus money."""
    return lambda: adjusting.request_adjustment(
        wallet_id=wallet_of(gamer).id,
        bucket=Bucket.BONUS,
        direction=Direction.CREDIT,
        amount=10,
        reason="goodwill",
        operator_id=MAKER,
    )


@pytest.fixture
def open_one(ask: Callable[[], Adjustment]) -> Adjustment:
    return ask()


@pytest.fixture
def approved(ask: Callable[[], Adjustment]) -> Adjustment:
    row = ask()
    adjusting.approve_adjustment(adjustment_id=row.pk, operator_id=CHECKER, note="agreed")
    return row


def decide(row: Adjustment, **values: Any) -> int:
    """Write a decision past the services."""
    return Adjustment.objects.filter(pk=row.pk).update(**DECIDED | values)


@pytest.mark.parametrize("state", ["APPROVED", "REJECTED"])
def test_the_table_refuses_a_decision_by_the_requester(open_one: Adjustment, state: str) -> None:
    with refused_by("adjustment_four_eyes"):
        decide(open_one, state=state, decided_by=MAKER)
    with refused_by("adjustment_four_eyes"):
        copy_row("wallet_adjustment", open_one.pk, id=new_id(), state=state, **DECIDED | {"decided_by": MAKER})
    assert decide(open_one, state=state) == 1


@pytest.mark.parametrize("state", ["APPROVED", "REJECTED", "CANCELLED"])
def test_a_decided_adjustment_has_a_checker(open_one: Adjustment, state: str) -> None:
    with refused_by("adjustment_(decision_whole|four_eyes)"):
        decide(open_one, state=state, decided_by=None)


def test_the_maker_of_an_adjustment_cannot_be_changed(open_one: Adjustment) -> None:
    kept("UPDATE wallet_adjustment SET requested_by = 99")
    kept("UPDATE wallet_adjustment SET requested_by = 99, state = 'APPROVED', decided_by = 11, decided_at = now()")


def test_only_the_maker_can_be_stored_as_cancelling(open_one: Adjustment) -> None:
    with refused_by("adjustment_cancelled_by_maker"):
        decide(open_one, state="CANCELLED")
    assert decide(open_one, state="CANCELLED", decided_by=MAKER) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"state": "REQUESTED"},
        {"state": "DONE"},
        {"state": "APPROVED", "decided_at": None},
        {"state": "APPROVED", "note": ""},
        {"state": "APPROVED", "note": "  no  "},
    ],
)
def test_the_table_refuses_an_incomplete_decision(open_one: Adjustment, changed: dict[str, Any]) -> None:
    with refused_by("adjustment_decision_whole"):
        decide(open_one, **changed)


@pytest.mark.parametrize(
    ("column", "value", "constraint"),
    [
        ("amount", 0, "adjustment_amount_in_bounds"),
        ("amount", 2**52 + 1, "adjustment_amount_in_bounds"),
        ("bucket", "held", "adjustment_bucket_known"),
        ("direction", "BOTH", "adjustment_direction_known"),
        ("reason", "  no  ", "adjustment_has_reason"),
        ("client_id", None, "adjustment_wallet_same_client"),
    ],
)
def test_the_table_refuses_an_invalid_request(open_one: Adjustment, column: str, value: Any, constraint: str) -> None:
    other = StudioCaller.of(ClientFactory()).client_id
    copy_row("wallet_adjustment", open_one.pk, id=new_id())
    with refused_by(constraint):
        copy_row("wallet_adjustment", open_one.pk, id=new_id(), **{column: value if value is not None else other})


def kept(sql: str) -> None:
    """The statement is refused by a trigger, and the table is as it was."""
    before = list(Adjustment.objects.order_by("pk").values())
    with pytest.raises(IntegrityError, match="the ledger is append-only"), transaction.atomic():
        execute(sql)
    assert list(Adjustment.objects.order_by("pk").values()) == before


REQUEST = ["id", "client_id", "wallet_id", "bucket", "direction", "amount", "reason", "requested_by", "created_at"]


def test_a_requested_adjustment_cannot_be_changed(open_one: Adjustment) -> None:
    for column in REQUEST:
        kept(f"UPDATE wallet_adjustment SET {column} = {column}")


def test_an_adjustment_cannot_be_removed(open_one: Adjustment, approved: Adjustment) -> None:
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    for sql in ("DELETE FROM wallet_adjustment", "TRUNCATE wallet_adjustment", "TRUNCATE wallet_wallet CASCADE"):
        kept(sql)
    kept("DELETE FROM wallet_adjustment WHERE state = 'REQUESTED'")


@pytest.mark.parametrize("state", ["APPROVED", "REJECTED", "CANCELLED"])
def test_a_decision_cannot_change(open_one: Adjustment, state: str) -> None:
    decide(open_one, state=state, decided_by=MAKER if state == "CANCELLED" else CHECKER)
    for change in (
        "state = 'REQUESTED', decided_by = NULL, decided_at = NULL, note = ''",
        "state = 'APPROVED', decided_by = 13",
        "state = 'REJECTED', decided_by = 13",
        "decided_by = 13",
        "decided_at = now()",
        "note = 'other words'",
        "note = note",
    ):
        kept(f"UPDATE wallet_adjustment SET {change}")


BOOKED = "an adjustment is booked as it says when it is approved, and else not"
ORPHAN = "an adjustment's booking has its adjustment"


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ("state = 'REJECTED'", {BOOKED}),
        ("state = 'CANCELLED', decided_by = requested_by", {BOOKED}),
        ("state = 'REQUESTED', decided_by = NULL, decided_at = NULL, note = ''", {BOOKED}),
        ("amount = 11", {BOOKED}),
        ("direction = 'DEBIT'", {BOOKED}),
        ("bucket = 'earned'", {BOOKED}),
        ("id = gen_random_uuid()", {BOOKED, ORPHAN}),
    ],
)
def test_the_proof_finds_a_changed_adjustment(approved: Adjustment, change: str, rules: set[str]) -> None:
    assert ledger_differences() == []
    tamper(f"UPDATE wallet_adjustment SET {change}")
    assert {difference.rule for difference in ledger_differences()} == rules


def test_an_approved_adjustment_without_a_booking_is_reported(open_one: Adjustment) -> None:
    decide(open_one, state="APPROVED")
    (line, _) = prove().err.splitlines()
    wallet = open_one.wallet_id
    assert line == (
        f"DIFFERENCE {BOOKED}: adjustment {open_one.pk} APPROVED: booked nothing, "
        f"expected ADJUSTMENT of {wallet}: promotions → bonus 10"
    )


def test_the_proof_finds_a_changed_transaction_of_an_adjustment(approved: Adjustment) -> None:
    id = one("SELECT id FROM wallet_transaction WHERE kind = 'ADJUSTMENT'")
    tamper("UPDATE wallet_transaction SET reference = 'correction:1' WHERE id = %s", id)
    assert {difference.rule for difference in ledger_differences()} == {BOOKED, ORPHAN}


def test_the_proof_finds_a_transaction_of_another_kind(approved: Adjustment) -> None:
    tamper("UPDATE wallet_transaction SET kind = 'REWARD' WHERE kind = 'ADJUSTMENT'")
    assert {difference.rule for difference in ledger_differences()} == {BOOKED}

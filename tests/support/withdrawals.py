"""Gamers with earned money and a linked phone, and a clock for payouts that tests can push."""

from collections.abc import Callable
from uuid import UUID

from django.db import connection

from kgen.clock import database_now
from tests.support.http import GamerCaller
from users.models import Gamer, KGenAccount
from wallet.ledger.accounts import new_address
from wallet.models import Bucket, Direction, Withdrawal
from wallet.selectors import balance_of, ledger_differences
from wallet.services import adjusting

PHONE = "+919876543210"


def row_of(gamer: GamerCaller) -> Gamer:
    """The gamer's row."""
    return Gamer.objects.get(user_id=gamer.user_id, client_id=gamer.session["third_party_client_id"])


def earn(gamer: GamerCaller, amount: int) -> None:
    """Give earned money, as two operators would."""
    row = adjusting.request_adjustment(
        wallet_id=row_of(gamer).wallet_id,
        bucket=Bucket.EARNED,
        direction=Direction.CREDIT,
        amount=amount,
        reason="a gift",
        operator_id=901,
    )
    adjusting.approve_adjustment(adjustment_id=row.pk, operator_id=902, note="agreed")


def link(gamer: GamerCaller, phone: str = PHONE) -> KGenAccount:
    """Link the gamer to the KGeN account of a phone."""
    account, _ = KGenAccount.objects.get_or_create(
        phone=phone, defaults={"address": new_address(), "created_at": database_now()}
    )
    Gamer.objects.filter(pk=row_of(gamer).pk).update(kgen_account=account, linked_at=database_now())
    return account


def make_due() -> None:
    """Let every lease and every pause be over."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE wallet_withdrawal SET lease_until = lease_until - interval '1 hour', "
            "next_attempt_at = next_attempt_at - interval '1 hour'"
        )
        cursor.execute("UPDATE wallet_payoutrail SET probe_at = probe_at - interval '1 hour'")


def withdraw(gamer: GamerCaller, amount: int | None = None) -> Withdrawal:
    """A withdrawal that was asked for over HTTP."""
    answer = gamer.post("/fe/wallet/withdraw", None if amount is None else {"amount": amount}).ok()
    return Withdrawal.objects.get(pk=UUID(answer["withdrawal_id"]))


def money(gamer: GamerCaller) -> tuple[int, int]:
    """(earned, held)."""
    balance = balance_of(row_of(gamer).wallet_id)
    return balance.earned, balance.held


def assert_proven() -> None:
    """The ledger proves."""
    assert ledger_differences() == []


# Makes so many withdrawals that await approval.
type Waiting = Callable[[int], list[Withdrawal]]

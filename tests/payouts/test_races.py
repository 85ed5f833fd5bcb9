"""Many at once, with real commits."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from django.db import connections

from kgen.errors import WrongState
from tests.support.gateway import report_of, running_gateway, signed, tell
from tests.support.http import Caller, GamerCaller, StudioCaller
from tests.support.withdrawals import assert_proven, earn, link, make_due, money, withdraw
from users.models import Client
from wallet.models import State, Transaction, Withdrawal
from wallet.services import paying, returning, reviewing

pytestmark = pytest.mark.usefixtures("committed")


def at_once(count: int, call: Any) -> list[Any]:
    """Call so many times, sixteen at a time."""

    def one(index: int) -> Any:
        try:
            return call(index)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(one, range(count)))


def test_a_hundred_parallel_withdrawals_make_one(winner: GamerCaller) -> None:
    answers = at_once(100, lambda _: winner.post("/fe/wallet/withdraw", {"amount": 7}))
    assert sorted((a.status, a.json.get("code")) for a in answers if a.status != 409) == [(200, None)]
    assert {a.code for a in answers if a.status == 409} == {"WITHDRAWAL_IN_PROGRESS"}
    assert (Withdrawal.objects.count(), money(winner)) == (1, (293, 7))
    assert_proven()


def test_many_withdrawals_with_one_key_get_one_answer(winner: GamerCaller) -> None:
    answers = at_once(40, lambda _: winner.post("/fe/wallet/withdraw", {"amount": 7}, key="k"))
    bodies = {a.content for a in answers if a.status == 200}
    assert len(bodies) == 1
    assert {a.code for a in answers if a.status != 200} <= {"IDEMPOTENCY_IN_PROGRESS"}
    assert Withdrawal.objects.count() == 1


def test_parallel_workers_send_each_payout_once(studio: StudioCaller, use_gateway: Any) -> None:
    with running_gateway() as gateway:
        use_gateway(gateway)
        for index in range(30):
            gamer = studio.gamer(f"gamer-{index}")
            earn(gamer, 300)
            link(gamer, f"+9198765432{index:02}")
            withdraw(gamer)
        made = sum(at_once(8, lambda _: paying.pay_due()))
        while paying.pay_due():
            made += 1
        assert (made, len(gateway.sent)) == (30, 30)
        assert set(gateway.effects.values()) == {1}
    assert set(Withdrawal.objects.values_list("state", flat=True)) == {State.PAID}
    assert_proven()


def test_a_report_a_worker_and_an_operator_at_once_settle_once(winner: GamerCaller, use_gateway: Any) -> None:
    with running_gateway() as gateway:
        use_gateway(gateway)
        for status in ("paid", "rejected") * 3:
            row = withdraw(winner, 10)
            gateway.posts.append("500")
            paying.pay_due()
            make_due()
            paying.pay_due()
            reviewing.ask_again(withdrawal_id=row.pk)
            gateway.take(str(row.pk), status)
            news = signed(gateway.report(str(row.pk)))
            calls = [
                lambda news=news: Caller().post("/hooks/payouts", **news).ok(),
                lambda: paying.pay_due(),
            ] * 4
            at_once(8, lambda index, calls=calls: calls[index]())
            row.refresh_from_db()
            assert row.state == ("PAID" if status == "paid" else "FAILED")
            ends = Transaction.objects.filter(reference__startswith=f"withdrawal:{row.pk}:").exclude(kind="WITHDRAW")
            assert ends.count() == 1
    assert money(winner) == (270, 0)
    assert_proven()


def test_parallel_approvals_and_rejections_decide_once(winner: GamerCaller) -> None:
    Client.objects.update(approval_above=0)
    row = withdraw(winner)

    def decide(index: int) -> bool:
        try:
            if index % 2:
                reviewing.approve_withdrawal(withdrawal_id=row.pk, operator_id=1, reason="yes")
            else:
                reviewing.reject_withdrawal(withdrawal_id=row.pk, operator_id=2, reason="no")
        except WrongState:
            return False
        return True

    assert sum(at_once(16, decide)) == 1
    paying.pay_due()
    row.refresh_from_db()
    assert row.state == ("PAID" if row.approved_by else "FAILED")
    assert_proven()


def test_returns_by_callback_and_by_hand_and_a_late_paid_credit_once(winner: GamerCaller, use_gateway: Any) -> None:
    with running_gateway() as gateway:
        use_gateway(gateway)
        for _ in range(6):
            row = withdraw(winner, 10)
            paying.pay_due()
            returning.ask_return(withdrawal_id=row.pk, operator_id=1, reason="seen in their books")

            def confirm(row: Withdrawal = row) -> None:
                with suppress(WrongState):
                    returning.confirm_return(withdrawal_id=row.pk, operator_id=2, reason="seen there too")

            def news(status: str, row: Withdrawal = row) -> None:
                tell(report_of(row, status)).ok()

            calls = [partial(news, "returned"), partial(news, "reversed"), confirm, partial(news, "paid")] * 3
            at_once(len(calls), lambda index, calls=calls: calls[index]())
            row.refresh_from_db()
            assert row.state == State.RETURNED
            assert Transaction.objects.filter(reference=f"withdrawal:{row.pk}:return").count() == 1
    assert money(winner) == (300, 0)
    assert_proven()


def test_a_return_and_a_new_withdrawal_at_once_both_happen(winner: GamerCaller, use_gateway: Any) -> None:
    with running_gateway() as gateway:
        use_gateway(gateway)
        row = withdraw(winner, 200)
        paying.pay_due()
        calls = [
            lambda: tell(report_of(row, "returned")).ok(),
            lambda: winner.post("/fe/wallet/withdraw", {"amount": 100}).ok(),
        ]
        at_once(2, lambda index: calls[index]())
    assert money(winner) == (200, 100)
    assert_proven()

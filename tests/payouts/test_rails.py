"""Which rails run: the breaker, misconfiguration, operators, restores. And the words of one call."""

import time
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from tests.support.gateway import MISCONFIGURED, FakeGateway
from tests.support.http import GamerCaller, StudioCaller
from tests.support.withdrawals import assert_proven, earn, link, make_due, money, withdraw
from wallet.models import PauseReason, PayoutAttempt, PayoutRail, State, Withdrawal
from wallet.services import paying, switching

pytestmark = pytest.mark.django_db


def rail(name: str = "http") -> PayoutRail:
    return PayoutRail.objects.get(pk=name)


@pytest.fixture
def rows(studio: StudioCaller, gateway: FakeGateway) -> list[Withdrawal]:
    """Six withdrawals of six gamers."""
    made = []
    for index in range(6):
        gamer = studio.gamer(f"gamer-{index}")
        earn(gamer, 300)
        link(gamer, f"+91987654331{index}")
        made.append(withdraw(gamer))
    return made


def states(rows: list[Withdrawal]) -> list[str]:
    return [Withdrawal.objects.get(pk=row.pk).state for row in rows]


def test_a_rail_that_keeps_failing_is_paused_and_probed(
    rows: list[Withdrawal], gateway: FakeGateway, settings: Any
) -> None:
    settings.PAYOUT_BREAKER_FAILURES = 3
    gateway.posts.extend(["500"] * 3)
    gateway.asks.extend(["500"] * 2)
    assert paying.pay_due() == 3
    assert (rail().pause, len(gateway.sent)) == (PauseReason.BREAKER, 3)
    assert paying.pay_due() == 0
    # One call each time that the pause is over, and no more while it fails.
    for asked in (1, 2):
        make_due()
        assert paying.pay_due() == 1
        assert (rail().pause, len(gateway.asked), len(gateway.sent)) == (PauseReason.BREAKER, asked, 3)
    # A question that is answered with "not seen" is no sign that it pays again.
    gateway.posts.extend(["pay"] * 6)
    for _ in range(8):
        make_due()
        paying.pay_due()
    assert (rail().pause, rail().failures) == ("", 0)
    assert sorted(states(rows)) == ["NEEDS_REVIEW"] * 3 + ["PAID"] * 3
    assert_proven()


def test_hanging_calls_do_not_delay_each_other(rows: list[Withdrawal], gateway: FakeGateway, settings: Any) -> None:
    settings.PAYOUT_TIMEOUT_SECONDS = 1
    gateway.posts.extend(["hang"] * 5)
    began = time.monotonic()
    assert paying.pay_due() == 6
    assert time.monotonic() - began < 3
    assert sorted(states(rows)) == ["PAID"] + ["SENDING"] * 5


def test_a_rail_pauses_after_the_set_number_of_failed_calls(
    rows: list[Withdrawal], gateway: FakeGateway, settings: Any
) -> None:
    settings.PAYOUT_TIMEOUT_SECONDS, settings.PAYOUT_BREAKER_FAILURES = 1, 4
    gateway.posts.extend(["hang"] * 6)
    assert paying.pay_due() == 4
    assert (rail().pause, len(gateway.sent)) == (PauseReason.BREAKER, 4)


def test_lost_sends_need_no_probe_each_after_an_outage(
    rows: list[Withdrawal], gateway: FakeGateway, settings: Any
) -> None:
    settings.PAYOUT_BREAKER_FAILURES, settings.PAYOUT_GATEWAY_IDEMPOTENT = 3, True
    gateway.deduplicates = True
    gateway.posts.extend(["500"] * 6)
    while rail().pause != PauseReason.BREAKER or len(gateway.sent) < 3:
        paying.pay_due()
    make_due()
    # The gateway is back and has seen none of them: one run asks, sends, and takes the rail into use again.
    gateway.posts.clear()
    paying.pay_due()
    assert rail().pause == ""
    assert states(rows) == ["PAID"] * 6
    assert_proven()


@pytest.mark.parametrize(
    ("when", "status"), [*(("send", status) for status in MISCONFIGURED), ("ask", "401"), ("ask", "301")]
)
def test_a_misconfiguration_pauses_the_rail_until_an_operator_resumes(
    rows: list[Withdrawal], gateway: FakeGateway, status: str, when: str
) -> None:
    gateway.posts.append(status if when == "send" else "500-after")
    if when == "ask":
        gateway.asks.append(status)
        paying.pay_due(most=1)
        make_due()
        # The others are due too, and nothing is wrong with sending.
        for _ in range(6):
            paying.pay_due(most=1)
            make_due()
    else:
        paying.pay_due()
    assert rail().pause == PauseReason.CONFIGURATION
    make_due()
    assert paying.pay_due() == 0
    assert Withdrawal.objects.filter(state=State.FAILED).count() == 0
    call_command("resume_payouts", stdout=StringIO())
    for _ in range(3):
        make_due()
        paying.pay_due()
    assert rail().pause == ""
    expected = ["NEEDS_REVIEW"] * (when == "send") + ["PAID"] * (6 - (when == "send"))
    assert sorted(states(rows)) == expected
    assert_proven()


def test_an_operator_pauses_and_resumes_a_rail(rows: list[Withdrawal], gateway: FakeGateway) -> None:
    call_command("pause_payouts", "http", "--reason", "maintenance", stdout=StringIO())
    make_due()
    assert paying.pay_due() == 0
    assert (rail().pause, rail().reason) == (PauseReason.OPERATOR, "maintenance")
    out = StringIO()
    call_command("resume_payouts", "--rail", "http", stdout=out)
    assert out.getvalue() == "http: resumed (was operator)\n"
    assert paying.pay_due() == 6
    for command in (["resume_payouts", "--rail", "gold"], ["pause_payouts", "gold", "--reason", "x"]):
        with pytest.raises(CommandError, match="no rail"):
            call_command(*command, stdout=StringIO())


@pytest.mark.parametrize("named", [["http"], ["--rail", "http"]])
def test_a_resume_by_name_resumes_only_that_rail(named: list[str]) -> None:
    for name in ("http", "internal"):
        switching.running_rails([name])
        call_command("pause_payouts", name, "--reason", "a look", stdout=StringIO())
    out = StringIO()
    call_command("resume_payouts", *named, stdout=out)
    assert out.getvalue() == "http: resumed (was operator)\n"
    assert (rail("http").pause, rail("internal").pause) == ("", PauseReason.OPERATOR)


def test_failures_do_not_end_an_operators_pause(rows: list[Withdrawal], gateway: FakeGateway, settings: Any) -> None:
    settings.PAYOUT_BREAKER_FAILURES = 1
    gateway.posts.append("500")
    claim = paying.claim_payout()
    assert claim
    switching.pause_rail(name="http", operator_id=3, reason="stop")
    paying.book_outcome(claim=claim, reply=paying.call(claim))
    assert (rail().pause, rail().probe_at, rail().changed_by) == (PauseReason.OPERATOR, None, 3)


def restore() -> None:
    """What is left of a restore: a marker that is another database's."""
    PayoutRail.objects.update(confirmed_system="7000000000000000000:1:5:16400")


def test_payouts_start_paused_after_a_restore(
    rows: list[Withdrawal], gateway: FakeGateway, winner: GamerCaller
) -> None:
    """The backup was taken before the first two were sent."""
    gateway.sent = [{"reference": str(row.pk), "amount": row.amount, "currency": row.currency} for row in rows[:2]]
    gateway.take(str(rows[0].pk), "paid")
    gateway.take(str(rows[1].pk), "rejected")
    gateway.sent, known = [], gateway.sent
    restore()
    assert paying.pay_due() == 0
    assert [row.pause for row in PayoutRail.objects.all()] == [PauseReason.RESTORE] * PayoutRail.objects.count()
    late = withdraw(winner)
    gateway.sent = known
    out = StringIO()
    call_command("resume_payouts", stdout=out)
    assert "http: resumed (was restore)" in out.getvalue()
    for _ in range(3):
        make_due()
        paying.pay_due()
    assert states(rows) == ["PAID", "FAILED", *["PAID"] * 4]
    # Nothing was sent that the gateway already had.
    assert len(gateway.sent) == 2 + 5
    assert set(gateway.effects.values()) == {0, 1}
    assert states([late]) == ["PAID"]
    assert_proven()


def test_a_restore_pauses_the_default_rail(winner: GamerCaller) -> None:
    withdraw(winner)
    restore()
    assert paying.pay_due() == 0
    assert rail("internal").pause == PauseReason.RESTORE
    call_command("resume_payouts", stdout=StringIO())
    make_due()
    paying.pay_due()
    assert money(winner) == (0, 0)


def test_the_system_marker_changes_with_a_restored_table() -> None:
    from wallet.selectors.rails import system_marker

    before = system_marker()
    assert before == system_marker() == rail().confirmed_system
    with connection.cursor() as cursor:
        # What a dump does that is brought back into the same database.
        cursor.execute("ALTER TABLE wallet_withdrawal RENAME TO was; CREATE TABLE wallet_withdrawal (LIKE was)")
    assert system_marker() != before


def test_a_withdrawal_stays_on_its_rail(winner: GamerCaller, gateway: FakeGateway, settings: Any) -> None:
    row = withdraw(winner)
    settings.PAYOUT_RAIL = "internal"
    url, settings.PAYOUT_GATEWAY_URL = settings.PAYOUT_GATEWAY_URL, ""
    assert paying.pay_due() == 0
    settings.PAYOUT_GATEWAY_URL = url
    assert paying.pay_due() == 1
    assert gateway.effects[str(row.pk)] == 1


def test_every_call_is_logged_as_an_attempt(winner: GamerCaller, gateway: FakeGateway) -> None:
    row = withdraw(winner)
    gateway.posts.append("garbage")
    paying.pay_due()
    make_due()
    paying.pay_due()
    log = PayoutAttempt.objects.filter(withdrawal=row).order_by("number")
    assert list(log.values_list("number", "kind", "outcome", "http_status", "detail")) == [
        (1, "send", "unknown", 200, "garbage"),
        (2, "ask", "paid", 200, ""),
    ]
    assert all(attempt.ended_at >= attempt.started_at for attempt in log)


def test_an_unknown_payout_is_queried_at_growing_intervals(winner: GamerCaller, gateway: FakeGateway) -> None:
    row = withdraw(winner)
    gateway.posts.append("500")
    gateway.asks.extend(["500"] * 12)
    pauses = []
    for _ in range(12):
        make_due()
        paying.pay_due()
        row.refresh_from_db()
        ended = row.attempts.latest("number").ended_at
        pauses.append(round((row.next_attempt_at - ended).total_seconds()))
    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]


def test_a_late_worker_books_only_a_definite_payment(winner: GamerCaller, gateway: FakeGateway) -> None:
    row = withdraw(winner)
    gateway.posts.append("400")
    slow = paying.claim_payout()
    assert slow
    make_due()
    # Its lease is over; the next one asks and is told "not seen".
    paying.pay_due(most=1)
    paying.book_outcome(claim=slow, reply=paying.call(slow))
    row.refresh_from_db()
    assert (row.state, money(winner)) == (State.NEEDS_REVIEW, (0, 300))
    assert row.attempts.get(number=1).outcome == "late refused"
    assert_proven()

"""Operators at work: approvals, reviews and rails in the console; what auditors and studios are told; settings."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser

from kgen import environment
from kgen.webhooks.models import WebhookEndpoint, WebhookEvent
from tests.support.addresses import WITHDRAWAL_LIST
from tests.support.http import GamerCaller
from tests.support.withdrawals import earn, link, money, row_of, withdraw
from users.models import Client, Operator
from wallet.models import Review, State, Withdrawal
from wallet.services import paying

pytestmark = pytest.mark.django_db


@pytest.fixture
def winner(gamer: GamerCaller) -> GamerCaller:
    earn(gamer, 300)
    link(gamer)
    Client.objects.update(approval_above=0)
    return gamer


@pytest.fixture
def operator() -> Operator:
    return Operator.objects.create_superuser("op", password="a long password")


@pytest.fixture
def browser(operator: Operator) -> Browser:
    browser = Browser()
    browser.force_login(operator)
    return browser


def act(browser: Browser, path: str, action: str, row: Any, reason: str = "because") -> str:
    answer = browser.post(path, {"action": action, "_selected_action": [str(row.pk)], "reason": reason}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_operator_approves_a_withdrawal_with_a_reason(
    browser: Browser, operator: Operator, winner: GamerCaller
) -> None:
    row = withdraw(winner)
    assert "Give a reason" in act(browser, WITHDRAWAL_LIST, "approve", row, reason=" ")
    assert "done" in act(browser, WITHDRAWAL_LIST, "approve", row)
    assert "does not allow" in act(browser, WITHDRAWAL_LIST, "approve", row)
    assert "does not allow" in act(browser, WITHDRAWAL_LIST, "reject", row)
    paying.pay_due()
    row.refresh_from_db()
    assert (row.state, row.approved_by, row.reason) == (State.PAID, operator.pk, "because")


def test_an_operator_rejects_a_withdrawal_or_queries_the_rail_again(
    browser: Browser, operator: Operator, winner: GamerCaller
) -> None:
    row = withdraw(winner)
    act(browser, WITHDRAWAL_LIST, "reject", row)
    row.refresh_from_db()
    assert (row.state, row.rejected_by, money(winner)) == (State.FAILED, operator.pk, (300, 0))
    row = withdraw(winner)
    rows = Withdrawal.objects.filter(pk=row.pk)
    rows.update(state=State.NEEDS_REVIEW, review=Review.UNCONFIRMED)
    act(browser, WITHDRAWAL_LIST, "ask_again", row)
    assert rows.get().state == State.SENDING
    rows.update(state=State.NEEDS_REVIEW, review=Review.CONTRADICTION)
    assert "does not allow" in act(browser, WITHDRAWAL_LIST, "ask_again", row)
    assert rows.get().state == State.NEEDS_REVIEW


def test_withdrawal_pages_are_read_only(browser: Browser, winner: GamerCaller) -> None:
    row = withdraw(winner)
    page = browser.get(f"{WITHDRAWAL_LIST}{row.pk}/change/")
    assert page.status_code == 200
    assert browser.post(f"{WITHDRAWAL_LIST}{row.pk}/change/", {"amount": 1}).status_code == 403
    assert browser.post(f"{WITHDRAWAL_LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert browser.get(f"{WITHDRAWAL_LIST}?state__exact=AWAITING_APPROVAL").status_code == 200


def test_a_viewer_can_do_nothing_with_a_withdrawal(winner: GamerCaller) -> None:
    from django.contrib.auth.models import Permission

    viewer = Operator.objects.create_user("viewer", password="a long password", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_withdrawal"))
    browser = Browser()
    browser.force_login(viewer)
    row = withdraw(winner)
    act(browser, WITHDRAWAL_LIST, "approve", row)
    row.refresh_from_db()
    assert row.approved_by is None


def test_the_audit_views_show_withdrawals_and_kgen_wallets(winner: GamerCaller) -> None:
    Client.objects.update(approval_above=None)
    row = withdraw(winner)
    paying.pay_due()
    with connection.cursor() as cursor:
        cursor.execute("SELECT withdrawal_id, amount, state, kgen_account_id FROM audit.withdrawal")
        assert cursor.fetchall() == [(row.pk, 300, "PAID", row.account_id)]
        cursor.execute("SELECT kgen_account_id, tournament_id, posted_balance FROM audit.account WHERE kind = 'kgen'")
        assert cursor.fetchall() == [(row.account_id, None, 300)]


def test_a_reviewed_withdrawal_emits_its_event(winner: GamerCaller) -> None:
    client = row_of(winner).client
    WebhookEndpoint.objects.create(client_id=client.pk, url="https://studio.example/hook", created_at=client.created_at)
    first, second = [], []
    for ids, limit in ((first, None), (second, 0)):
        Client.objects.update(approval_above=limit)
        row = withdraw(winner, 100)
        ids.append(str(row.pk))
        if limit is None:
            paying.pay_due()
        else:
            from wallet.services import reviewing

            reviewing.reject_withdrawal(withdrawal_id=row.pk, operator_id=1, reason="no")
    events = [(event.type, event.data["withdrawal_id"], event.data["status"]) for event in WebhookEvent.objects.all()]
    assert events == [("withdrawal.paid", *first, "PAID"), ("withdrawal.failed", *second, "FAILED")]
    data = WebhookEvent.objects.first().data
    assert (data["user_id"], data["amount"], data["currency"]) == (winner.user_id, 100, "KCASH")


@pytest.mark.parametrize("value", ["", "whsec_", "secret", "whsec_c2hvcnQ=", "whsec_" + "A" * 200, "whsec_é"])
def test_a_bad_secret_stops_the_start(monkeypatch: Any, capsys: Any, value: str) -> None:
    monkeypatch.setenv("PAYOUT_GATEWAY_SECRET", value)
    with pytest.raises(SystemExit):
        environment.signing_secret("PAYOUT_GATEWAY_SECRET")
    assert capsys.readouterr().err == (
        "kgen: setting PAYOUT_GATEWAY_SECRET: must be whsec_ and base64 of 24 to 64 random bytes\n"
    )

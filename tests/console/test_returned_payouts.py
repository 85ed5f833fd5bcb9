"""Marking a payout as returned in the console: one operator asks, another decides, and both leave an entry."""

import re
from typing import Any

import pytest
from django.test import Client as Browser

from kgen.admin_site.roles import Role
from kgen.models import AuditEntry
from tests.support.addresses import APPROVALS, QUEUE, WITHDRAWAL_LIST
from tests.support.http import GamerCaller
from tests.support.operators import PASSWORD, logged_in, operator_in
from tests.support.withdrawals import assert_proven, earn, link, money, row_of, withdraw
from users.models import Operator
from wallet.models import State, Withdrawal
from wallet.selectors import queue
from wallet.services import reviewing
from wallet.services.returning import ask_return

pytestmark = pytest.mark.django_db
WHY = "statement of 3 May"


@pytest.fixture
def paid(gamer: GamerCaller, settings: Any) -> Withdrawal:
    """A withdrawal that a person found paid in the gateway's books."""
    settings.PAYOUT_RAIL = "http"
    earn(gamer, 300)
    link(gamer)
    row = withdraw(gamer)
    Withdrawal.objects.filter(pk=row.pk).update(state=State.NEEDS_REVIEW, review="UNCONFIRMED")
    found = {"reason": "in their books", "rail_reference": "UTR 42"}
    reviewing.resolve_review(withdrawal_id=row.pk, operator_id=1, paid=True, **found)
    row.refresh_from_db()
    return row


@pytest.fixture
def checker(finance: Operator) -> Browser:
    """The browser of another operator in finance."""
    other = Operator.objects.create_user("checker", password=PASSWORD, is_staff=True)
    other.groups.set(finance.groups.all())
    return logged_in(other)


def page_of(browser: Browser, row: Withdrawal) -> str:
    return re.sub(r"\s+", " ", browser.get(f"{QUEUE}{row.pk}/").content.decode())


def decide(browser: Browser, row: Withdrawal, do: str, reason: str = WHY) -> str:
    answer = browser.post(f"{QUEUE}{row.pk}/decide/", {"do": do, "reason": reason}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_second_operator_confirms_and_the_money_goes_back(
    till: Browser, checker: Browser, finance: Operator, gamer: GamerCaller, paid: Withdrawal
) -> None:
    assert "Ask to mark it as returned" in page_of(till, paid)
    assert "Nothing moves before another operator" in decide(till, paid, "ask_return")
    assert money(gamer) == (0, 0)
    own = page_of(till, paid)
    assert 'value="confirm_return"' not in own
    assert "another operator has to decide it" in own
    assert "another operator has to decide it" in decide(till, paid, "confirm_return")
    assert money(gamer) == (0, 0)

    assert "Confirm: the money goes back" in page_of(checker, paid)
    assert "the money is the gamer" in decide(checker, paid, "confirm_return", "seen it too")
    paid.refresh_from_db()
    assert (paid.state, paid.return_asked_by, money(gamer)) == (State.RETURNED, finance.pk, (300, 0))
    entries = AuditEntry.objects.filter(object_id=str(paid.pk)).order_by("id")
    assert list(entries.values_list("act", "reason")) == [
        ("withdrawal.ask_return", WHY),
        ("withdrawal.confirm_return", "seen it too"),
    ]
    shown = page_of(till, paid)
    for words in (">RETURNED<", WHY, "<td>returned</td>", "<td>confirm return</td>", "Who confirmed its return"):
        assert words in shown
    assert "does not allow" in decide(checker, paid, "confirm_return")
    assert_proven()


def test_a_request_is_refused_or_withdrawn(
    till: Browser, checker: Browser, gamer: GamerCaller, paid: Withdrawal
) -> None:
    for browser, do in ((checker, "refuse_return"), (till, "cancel_return")):
        decide(till, paid, "ask_return")
        decide(browser, paid, do)
        paid.refresh_from_db()
        assert (paid.state, paid.return_asked_by, money(gamer)) == (State.PAID, None, (0, 0))
    history = checker.get(f"{APPROVALS}?show=history").content.decode()
    assert "withdrawal.refuse_return" in history


def test_an_open_request_waits_in_the_queue_and_among_the_approvals(
    till: Browser, checker: Browser, paid: Withdrawal
) -> None:
    ask_return(withdrawal_id=paid.pk, operator_id=1, reason=WHY)
    paid.refresh_from_db()
    assert queue.tab_of(paid).name == "returning"
    assert {found.tab.name: found.count for found in queue.queue_counts(None)}["returning"] == 1
    assert str(paid.pk) in till.get(f"{QUEUE}?tab=returning").content.decode()
    listed = till.get(APPROVALS).content.decode()
    assert f"{QUEUE}{paid.pk}/" in listed
    assert WHY in listed
    assert "Withdrawals: return to confirm" in till.get("/console/").content.decode()


def test_only_other_operators_requests_count_as_waiting(finance: Operator, paid: Withdrawal) -> None:
    ask_return(withdrawal_id=paid.pk, operator_id=finance.pk, reason=WHY)
    assert queue.count_returns_to_confirm(None, but_of=finance.pk, most=9) == 0
    assert queue.count_returns_to_confirm(None, but_of=finance.pk + 1, most=9) == 1


def test_a_viewer_neither_asks_nor_decides(paid: Withdrawal) -> None:
    viewer = logged_in(operator_in(Role.VIEWER))
    assert "ask_return" not in page_of(viewer, paid)
    ask_return(withdrawal_id=paid.pk, operator_id=1, reason=WHY)
    assert "confirm_return" not in page_of(viewer, paid)
    for do in ("ask_return", "confirm_return", "refuse_return", "cancel_return"):
        assert viewer.post(f"{QUEUE}{paid.pk}/decide/", {"do": do, "reason": WHY}).status_code == 403


def test_a_returned_one_is_listed_and_on_the_gamers_page(
    till: Browser, checker: Browser, gamer: GamerCaller, paid: Withdrawal
) -> None:
    decide(till, paid, "ask_return")
    decide(checker, paid, "confirm_return")
    assert str(paid.pk) in till.get(f"{QUEUE}?tab=returned").content.decode()
    assert str(paid.pk) in till.get(f"{WITHDRAWAL_LIST}?state__exact=RETURNED").content.decode()
    person = f"/console/people/gamers/{row_of(gamer).pk}/"
    assert "failed or came back" in till.get(person).content.decode()
    assert ">RETURNED<" in till.get(f"{person}?tab=withdrawals").content.decode()

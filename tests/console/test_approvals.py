"""Adjustments asked for and decided in the console, and what waits for whom: nobody decides what they asked for."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from console import approvals
from kgen.admin_site.roles import Role
from kgen.models import AuditEntry
from tests.support.addresses import APPROVALS
from tests.support.http import GamerCaller, StudioCaller
from tests.support.money import wallet_of
from tests.support.operators import PASSWORD, logged_in, operator_in
from tests.support.withdrawals import assert_proven, earn, link, withdraw
from users.models import Client, Operator
from wallet.models import Adjustment, AdjustmentState
from wallet.services import adjusting, reviewing

pytestmark = pytest.mark.django_db
NEW, OPEN = "/console/money/adjustments/new/", "/console/money/adjustments/"
ASKED = {"do": "request_it", "direction": "CREDIT", "amount": "40", "bucket": "earned", "reason": "a lost prize"}


@pytest.fixture
def maker() -> Operator:
    return operator_in(Role.FINANCE)


@pytest.fixture
def checker(maker: Operator) -> Operator:
    """Another one in finance."""
    other = Operator.objects.create_user("checker", password=PASSWORD, is_staff=True)
    other.groups.set(maker.groups.all())
    return other


def ask(browser: Browser, gamer: GamerCaller, **more: str) -> Any:
    return browser.post(f"{NEW}?wallet={wallet_of(gamer).pk}", ASKED | more, follow=True)


def decide(operator: Operator, row: Adjustment, do: str, note: str = "as agreed") -> str:
    answer = logged_in(operator).post(f"{OPEN}{row.pk}/", {"do": do, "reason": note}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def row(gamer: GamerCaller, maker: Operator) -> Adjustment:
    """What the maker asked for in the console."""
    ask(logged_in(maker), gamer)
    return Adjustment.objects.get()


def test_requesting_an_adjustment_moves_no_money_and_is_in_the_trail(gamer: GamerCaller, maker: Operator) -> None:
    browser = logged_in(maker)
    page = browser.get(f"{NEW}?wallet={wallet_of(gamer).pk}").content.decode()
    assert wallet_of(gamer).address not in page
    assert "50 KCASH" in page
    answer = ask(browser, gamer)
    made = Adjustment.objects.get()
    assert answer.redirect_chain[-1][0] == f"{OPEN}{made.pk}/"
    assert (made.amount, made.bucket, made.direction, made.reason) == (40, "earned", "CREDIT", "a lost prize")
    assert (made.requested_by, made.state) == (maker.pk, AdjustmentState.REQUESTED)
    assert gamer.buckets() == (50, 0, 0)
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.object_id, entry.reason) == ("adjustment.request", str(made.pk), "a lost prize")


def test_a_request_leads_back_to_the_page_it_came_from(gamer: GamerCaller, maker: Operator) -> None:
    browser = logged_in(maker)
    page = browser.get(f"{NEW}?wallet={wallet_of(gamer).pk}&next=/console/wallet/wallet/").content.decode()
    assert 'name="next" value="/console/wallet/wallet/"' in page
    assert ask(browser, gamer, next="/console/wallet/wallet/").redirect_chain[-1][0] == "/console/wallet/wallet/"


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": "0"},
        {"amount": "1.5"},
        {"amount": str(2**52 + 1)},
        {"amount": "9" * 5000},
        {"bucket": "held"},
        {"direction": "UP"},
        {"reason": "no"},
        {"reason": " "},
        {"reason": "x" * 501},
        {"reason": "nul \0"},
    ],
)
def test_an_impossible_request_gets_a_message(gamer: GamerCaller, maker: Operator, wrong: dict[str, str]) -> None:
    answer = ask(logged_in(maker), gamer, **wrong)
    assert answer.status_code == 400
    assert "errorlist" in answer.content.decode()
    assert not Adjustment.objects.exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("query", ["", "?wallet=", "?wallet=x", "?wallet=00000000-0000-7000-8000-000000000000"])
def test_an_adjustment_request_needs_a_wallet(maker: Operator, query: str) -> None:
    assert logged_in(maker).get(NEW + query).status_code == 404


def test_a_maker_cannot_decide_their_own_request(
    gamer: GamerCaller, maker: Operator, checker: Operator, row: Adjustment
) -> None:
    own = logged_in(maker).get(f"{OPEN}{row.pk}/").content.decode()
    assert 'value="approve"' not in own
    assert "another operator has to decide it" in own
    for do in ("approve", "reject"):
        assert "another operator has to decide it" in decide(maker, row, do)
    assert gamer.buckets() == (50, 0, 0)
    assert AuditEntry.objects.exclude(act="adjustment.request").count() == 0
    assert "3 to 500 characters" in decide(checker, row, "approve", "ok")
    assert "the money has moved" in decide(checker, row, "approve")
    assert gamer.buckets() == (50, 0, 40)
    assert "has been decided" in decide(checker, row, "approve")
    assert "has been decided" in decide(checker, row, "reject")
    row.refresh_from_db()
    assert (row.state, row.decided_by, row.note) == (AdjustmentState.APPROVED, checker.pk, "as agreed")
    entry = AuditEntry.objects.get(act="adjustment.approve")
    assert (entry.before["state"], entry.after["state"], entry.operator_id) == ("REQUESTED", "APPROVED", checker.pk)
    assert_proven()


def test_a_superuser_cannot_decide_their_own_request(gamer: GamerCaller) -> None:
    boss = Operator.objects.create_superuser("boss", password=PASSWORD)
    ask(logged_in(boss), gamer)
    assert "another operator has to decide it" in decide(boss, Adjustment.objects.get(), "approve")
    assert gamer.buckets() == (50, 0, 0)


def test_a_maker_cancels_and_a_checker_rejects(
    maker: Operator, checker: Operator, row: Adjustment, gamer: GamerCaller
) -> None:
    assert "Only the operator who requested" in decide(checker, row, "cancel")
    assert "Withdrawn" in decide(maker, row, "cancel", "a slip")
    ask(logged_in(maker), gamer)
    second = Adjustment.objects.get(state=AdjustmentState.REQUESTED)
    assert "Rejected" in decide(checker, second, "reject", "not proven")
    assert gamer.buckets() == (50, 0, 0)


def test_a_request_over_the_bucket_stays_open(maker: Operator, checker: Operator, gamer: GamerCaller) -> None:
    ask(logged_in(maker), gamer, direction="DEBIT")
    row = Adjustment.objects.get()
    assert "balance is too low" in decide(checker, row, "approve")
    row.refresh_from_db()
    assert row.state == AdjustmentState.REQUESTED


def test_support_requests_adjustments_and_cannot_decide_requests(gamer: GamerCaller, row: Adjustment) -> None:
    support = logged_in(operator_in(Role.SUPPORT))
    assert ask(support, gamer).status_code == 200
    assert Adjustment.objects.count() == 2
    assert support.post(f"{OPEN}{row.pk}/", {"do": "approve", "reason": "mine"}).status_code == 403


def squeezed(browser: Browser, path: str) -> str:
    return re.sub(r"\s+", " ", browser.get(path).content.decode())


def badge(browser: Browser) -> str:
    """What stands beside Approvals in the sidebar."""
    found = re.search(r"sidebar-badge[^>]*> ?([0-9+]*) ?</span>", squeezed(browser, "/console/jobs/"))
    return found[1] if found else ""


def test_the_approvals_page_shows_open_own_and_past_requests(
    gamer: GamerCaller, maker: Operator, checker: Operator, row: Adjustment, monkeypatch: pytest.MonkeyPatch
) -> None:
    earn(gamer, 300)
    link(gamer)
    Client.objects.update(approval_above=0)
    waiting = withdraw(gamer)
    mine, theirs = logged_in(maker), logged_in(checker)
    page = squeezed(theirs, APPROVALS)
    assert "give 40 KCASH earned" in page
    assert f"/console/money/withdrawals/{waiting.pk}/decide/" in page
    own = squeezed(mine, APPROVALS)
    assert "You asked for it: another operator has to decide it." in own
    assert "You requested an adjustment of this wallet" in own
    assert f"/console/money/withdrawals/{waiting.pk}/decide/" not in own
    assert (badge(theirs), badge(mine)) == ("2", "1")
    assert "give 40 KCASH earned" in squeezed(mine, f"{APPROVALS}?show=mine")
    assert "You have asked for nothing" in squeezed(theirs, f"{APPROVALS}?show=mine")
    assert "Nothing was decided yet" in squeezed(theirs, f"{APPROVALS}?show=history")
    decide(checker, row, "approve")
    theirs.post(f"/console/money/withdrawals/{waiting.pk}/decide/", {"do": "approve", "reason": "known well"})
    history = squeezed(mine, f"{APPROVALS}?show=history")
    decisions = re.findall(r"<td>(checker)</td><td>([a-z.]+)</td><td><a href=\"([^\"]+)\">", history)
    assert decisions == [
        ("checker", "withdrawal.approve", f"/console/money/withdrawals/{waiting.pk}/"),
        ("checker", "adjustment.approve", f"{OPEN}{row.pk}/"),
    ]
    assert "known well" in history
    monkeypatch.setattr(approvals, "LISTED", 1)
    first = squeezed(mine, f"{APPROVALS}?show=history")
    older = re.search(r'href="(\?[^"]+)" rel="next"', first)
    assert older
    assert "adjustment.approve" in squeezed(mine, APPROVALS + older[1].replace("&amp;", "&"))
    assert (badge(theirs), badge(mine)) == ("", "")


def test_a_request_names_its_maker_and_checker(maker: Operator, checker: Operator, row: Adjustment) -> None:
    browser = logged_in(checker)
    assert f"by {maker.username}" in squeezed(browser, OPEN)
    decide(checker, row, "approve")
    page = squeezed(logged_in(maker), f"{OPEN}{row.pk}/")
    assert "by you" in page
    assert "by checker: as agreed" in page
    listed = squeezed(browser, "/console/wallet/adjustment/")
    assert f">{maker.username}<" in listed
    assert ">checker<" in listed


def following(page: str, label: str) -> str:
    """Where the list under a heading goes on; "" where it ends there."""
    part = page.partition(f'aria-labelledby="{label}"')[2].partition("</section>")[0]
    found = re.search(r'href="(\?[^"]+)" rel="next"', part)
    return found[1].replace("&amp;", "&") if found else ""


def test_long_approval_lists_have_a_next_page(
    maker: Operator, checker: Operator, studio: StudioCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wallet.selectors.adjustments.LISTED", 2)
    monkeypatch.setattr("wallet.selectors.queue.LISTED", 1)
    asked, theirs = logged_in(maker), logged_in(checker)
    for number in range(3):
        caller = studio.gamer(f"p{number}")
        ask(asked, caller)
        earn(caller, 300)
        link(caller, f"+91987654321{number}")
        Client.objects.update(approval_above=0)
        withdraw(caller, 100)
    open_ones = [
        str(id) for id in Adjustment.objects.filter(state="REQUESTED").order_by("id").values_list("pk", flat=True)
    ]
    first = squeezed(theirs, APPROVALS)
    assert [id for id in open_ones if id in first] == open_ones[:2]
    second = squeezed(theirs, APPROVALS + following(first, "adjustments-title"))
    assert [id for id in open_ones if id in second] == open_ones[2:]
    assert following(second, "adjustments-title") == ""
    both = squeezed(theirs, APPROVALS + following(second, "withdrawals-title"))
    assert [id for id in open_ones if id in both] == open_ones[2:]
    assert "p1</a>" in both.partition("withdrawals-title")[2]
    back = re.search(r'href="(\?withdrawal=[^"]+)">First', both)
    assert back
    assert "p1</a>" in squeezed(theirs, APPROVALS + back[1])
    mine = squeezed(asked, f"{APPROVALS}?show=mine")
    assert [id for id in open_ones if id in mine] == open_ones[1:]
    rest = squeezed(asked, APPROVALS + following(mine, "adjustments-title"))
    assert [id for id in open_ones if id in rest] == open_ones[:1]
    page = squeezed(theirs, OPEN)
    assert [id for id in open_ones if id in page] == open_ones[:2]
    assert open_ones[2] in squeezed(theirs, OPEN + following(page, "open-title"))


@pytest.mark.parametrize(
    "query",
    [
        "?show=nope",
        "?adjustment=x&withdrawal=x",
        "?show=mine&adjustment=%00",
        "?show=history&before=x",
        "?show=history&before=" + "9" * 40,
    ],
)
def test_an_approvals_address_with_garbage_shows_a_page(maker: Operator, query: str) -> None:
    assert logged_in(maker).get(APPROVALS + query).status_code == 200


def test_a_decision_returns_to_the_approvals(checker: Operator, row: Adjustment) -> None:
    sent = {"do": "reject", "reason": "not proven", "next": f"{APPROVALS}?show=open"}
    answer = logged_in(checker).post(f"{OPEN}{row.pk}/", sent)
    assert answer.headers["Location"] == f"{APPROVALS}?show=open"


def test_a_limited_operator_decides_only_requests_of_its_clients(
    row: Adjustment, other_studio: StudioCaller, client_row: Client, maker: Operator
) -> None:
    bob = other_studio.gamer("bob")
    ask(logged_in(maker), bob)
    hidden = Adjustment.objects.exclude(pk=row.pk).get()
    limited = operator_in(Role.FINANCE, client_row)
    browser = logged_in(limited)
    for path in (OPEN, APPROVALS, f"{APPROVALS}?show=history"):
        assert str(hidden.pk) not in browser.get(path).content.decode()
    assert str(row.pk) in browser.get(OPEN).content.decode()
    assert badge(browser) == "1"
    assert browser.get(f"{OPEN}{hidden.pk}/").status_code == 404
    assert browser.post(f"{OPEN}{hidden.pk}/", {"do": "approve", "reason": "as agreed"}).status_code == 404
    assert browser.get(f"{NEW}?wallet={wallet_of(bob).pk}").status_code == 404
    adjusting.reject_adjustment(adjustment_id=hidden.pk, operator_id=limited.pk, note="elsewhere")
    assert "the money has moved" in decide(limited, row, "approve")


def test_the_approval_pages_need_no_more_queries_for_more_rows(
    maker: Operator, checker: Operator, studio: StudioCaller
) -> None:
    browser, asked = logged_in(checker), logged_in(maker)

    def counted(path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(path).status_code == 200
        return len(captured)

    def more(number: int) -> None:
        caller = studio.gamer(f"p{number}")
        ask(asked, caller)
        earn(caller, 300)
        link(caller, f"+91987654321{number}")
        Client.objects.update(approval_above=0)
        waiting = withdraw(caller, 100)
        reviewing.reject_withdrawal(withdrawal_id=waiting.pk, operator_id=1, reason="no")
        withdraw(caller, 100)

    paths = [OPEN, APPROVALS, f"{APPROVALS}?show=mine", f"{APPROVALS}?show=history"]
    more(0)
    browser.get(OPEN)
    before = [counted(path) for path in paths]
    for number in range(1, 5):
        more(number)
    assert [counted(path) for path in paths] == before
    assert max(before) <= 25

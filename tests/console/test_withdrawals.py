"""The withdrawals queue: what is shown is right, what is done calls the service once, refusals change nothing."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from uuid_utils.compat import uuid7

from console.evidence import evidence_for
from kgen.admin_site.roles import Role
from kgen.clock import database_now
from kgen.jobs.models import Job
from kgen.models import AuditEntry
from rewards.models import Reward
from rewards.services.settling import settle_due
from tests.support.addresses import QUEUE
from tests.support.clock import end
from tests.support.http import GamerCaller, StudioCaller
from tests.support.jobs import finished
from tests.support.operators import logged_in, operator_in
from tests.support.settling import play
from tests.support.withdrawals import PHONE, earn, link, money, row_of, withdraw
from users.models import Client, Gamer, Operator
from wallet.models import Bucket, Direction, PayoutAttempt, Review, State, Withdrawal
from wallet.selectors import queue
from wallet.services import adjusting, paying, reviewing

pytestmark = pytest.mark.django_db
type Winner = Callable[..., GamerCaller]


@pytest.fixture
def winner(studio: StudioCaller) -> Winner:
    """Makes gamers with 300 of earned money and a linked phone, whose withdrawals await approval."""

    def make(name: str = "ann", phone: str = PHONE, **profile: Any) -> GamerCaller:
        caller = studio.gamer(name, **profile)
        earn(caller, 300)
        link(caller, phone)
        Client.objects.update(approval_above=0)
        return caller

    return make


def decide(browser: Browser, row: Any, do: str, reason: str = "looked at it", **more: str) -> str:
    """Send one of the page's forms; the page that it leads back to."""
    answer = browser.post(f"{QUEUE}{row.pk}/decide/", {"do": do, "reason": reason} | more, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def counts() -> dict[str, int]:
    return {found.tab.name: found.count for found in queue.queue_counts(None)}


def in_state(row: Withdrawal, state: State, review: str = "") -> Withdrawal:
    """The withdrawal, put there behind the product's back."""
    if state == State.RETURNED:
        in_state(row, State.PAID)
        Withdrawal.objects.filter(pk=row.pk).update(state=state, returned_at=row.settled_at)
        row.refresh_from_db()
        return row
    settled = database_now() if state in (State.PAID, State.FAILED) else None
    Withdrawal.objects.filter(pk=row.pk).update(state=state, review=review, settled_at=settled)
    row.refresh_from_db()
    return row


def test_each_tab_counts_its_rows_and_the_oldest_waits_longest(till: Browser, winner: Winner, settings: Any) -> None:
    # The rail whose payouts can come back.
    settings.PAYOUT_RAIL = "http"
    states = [
        (State.AWAITING_APPROVAL, "", "approval"),
        (State.NEEDS_REVIEW, Review.UNCONFIRMED, "review"),
        (State.PAID, Review.CONTRADICTION, "disputed"),
        (State.REQUESTED, "", "waiting"),
        (State.SENDING, "", "sending"),
        (State.PAID, "", "paid"),
        (State.FAILED, "", "failed"),
        (State.RETURNED, "", "returned"),
    ]
    for index, (state, review, name) in enumerate(states):
        row = in_state(withdraw(winner(f"p{index}", f"+91987654321{index}")), state, review)
        assert queue.tab_of(row).name == name
        assert f"{QUEUE}{row.pk}/" in till.get(f"{QUEUE}?tab={name}").content.decode()
    once = {"approval": 1, "review": 1, "disputed": 1, "waiting": 1, "sending": 1, "failed": 1, "returned": 1}
    assert counts() == once | {"returning": 0, "paid": 2}
    approved = Withdrawal.objects.get(state=State.AWAITING_APPROVAL)
    Withdrawal.objects.filter(pk=approved.pk).update(approved_by=1)
    assert (counts()["approval"], counts()["waiting"]) == (0, 2)
    oldest = {found.tab.name: found.oldest for found in queue.queue_counts(None)}
    assert oldest["waiting"] == min(row.created_at for row in Withdrawal.objects.filter(pk=approved.pk))
    assert oldest["paid"] is None


def test_tab_counts_stop_at_their_bound(winner: Winner, monkeypatch: pytest.MonkeyPatch) -> None:
    for index in range(3):
        withdraw(winner(f"p{index}", f"+91987654321{index}"))
    monkeypatch.setattr(queue, "COUNTED_TO", 1)
    found = next(found for found in queue.queue_counts(None) if found.tab.name == "approval")
    assert (found.count, found.shown) == (2, "1+")


def test_the_page_shows_the_gamers_facts_beside_the_amount(
    studio: StudioCaller, other_studio: StudioCaller, winner: Winner
) -> None:
    ann = winner(device_id="d-1")
    for caller, name in ((studio, "bob"), (other_studio, "cy")):
        caller.gamer(name, device_id="d-1")
    link(other_studio.gamer("dan"))
    withdraw(ann, 100)
    reviewing.approve_withdrawal(withdrawal_id=Withdrawal.objects.get().pk, operator_id=1, reason="fine")
    paying.pay_due()
    row = withdraw(ann, 50)
    adjusting.request_adjustment(
        wallet_id=row.wallet_id,
        bucket=Bucket.EARNED,
        direction=Direction.DEBIT,
        amount=5,
        reason="too much",
        operator_id=3,
    )
    Gamer.objects.filter(pk=row_of(ann).pk).update(created_at=database_now() - timedelta(days=40))
    found = evidence_for([row], database_now())[0]
    assert (found.same_device, found.same_phone) == ("2", "1")
    assert (found.velocity.day, found.velocity.day_sum) == (2, 150)
    assert (found.adjusted.approved, found.adjusted.net, found.adjusted.open) == (1, 300, 1)
    assert found.account_age.days == 40
    assert found.alarms == {"link", "phone", "device", "adjusted", "wins"}
    reviewing.reject_withdrawal(withdrawal_id=row.pk, operator_id=1, reason="no")
    assert evidence_for([row], database_now())[0].velocity.week_sum == 100, "failed ones don't count"


def test_the_page_sums_the_gamers_claimed_prizes(till: Browser, studio: StudioCaller) -> None:
    for number in range(2):
        uid = studio.tournament(title=f"Cup {number}")
        players = play(studio, uid, {"a": 3, "b": 2, "c": 1})
        end(uid)
    settle_due()
    champion = players["a"]
    champion.post("/fe/esports/rewards/claim").ok()
    link(champion)
    row = withdraw(champion)
    found = evidence_for([row], database_now())[0]
    assert (found.wins, found.won) == (Reward.objects.filter(gamer=row_of(champion)).count(), row.amount) == (2, 20)
    assert "wins" not in found.alarms
    assert "2, 20 KCASH in all" in till.get(f"{QUEUE}{row.pk}/").content.decode()


def test_an_operator_approves_and_rejects_a_withdrawal(till: Browser, finance: Operator, winner: Winner) -> None:
    ann = winner()
    row = withdraw(ann, 100)
    page = till.get(f"{QUEUE}{row.pk}/").content.decode()
    assert "Approve: the rail pays it" in page
    assert "Give a reason" in decide(till, row, "approve", " ")
    assert "Approved" in decide(till, row, "approve")
    assert "does not allow" in decide(till, row, "reject")
    row.refresh_from_db()
    assert (row.approved_by, row.reason, row.state) == (finance.pk, "looked at it", State.AWAITING_APPROVAL)
    entry = AuditEntry.objects.get(object_id=str(row.pk))
    assert (entry.act, entry.reason, entry.operator_id) == ("withdrawal.approve", "looked at it", finance.pk)
    paying.pay_due()
    row = withdraw(ann, 100)
    assert "the money is the gamer" in decide(till, row, "reject", "not this one")
    assert money(ann) == (200, 0)


def test_a_form_returns_only_to_pages_of_the_console(till: Browser, winner: Winner) -> None:
    row = withdraw(winner())
    for target, lands in (
        (f"{QUEUE}?tab=approval", f"{QUEUE}?tab=approval"),
        ("https://evil.example/console/", f"{QUEUE}{row.pk}/"),
        ("//evil.example", f"{QUEUE}{row.pk}/"),
        ("/docs", f"{QUEUE}{row.pk}/"),
    ):
        answer = till.post(f"{QUEUE}{row.pk}/decide/", {"do": "approve", "reason": " ", "next": target})
        assert answer.headers["Location"] == lands


def test_approving_many_withdrawals_is_a_job_with_an_entry_each(
    till: Browser, finance: Operator, winner: Winner
) -> None:
    rows = [withdraw(winner(f"p{index}", f"+91987654321{index}")) for index in range(3)]
    reviewing.reject_withdrawal(withdrawal_id=rows[0].pk, operator_id=1, reason="before")
    sent = {"do": "approve", "reason": "all fine", "row": [*(str(row.pk) for row in rows), "nonsense"]}
    answer = till.post(f"{QUEUE}decide/", sent)
    job = finished(Job.objects.get())
    assert answer.headers["Location"] == f"/console/jobs/{job.pk}/"
    assert (job.outcome["done"], job.outcome["refused"], job.reason) == (2, 1, "all fine")
    assert set(Withdrawal.objects.filter(approved_by=finance.pk)) == set(rows[1:])
    assert AuditEntry.objects.filter(act="withdrawal.approve", reason="all fine").count() == 2
    assert AuditEntry.objects.get(act="withdrawal.approve_many").object_id == str(job.pk)
    told = till.get(f"/console/jobs/{job.pk}/").content.decode()
    assert f'<a href="{QUEUE}{rows[0].pk}/"><code>{rows[0].pk}</code></a>: The present state does not allow' in told
    waiting = till.get(f"{QUEUE}?tab=waiting").content.decode()
    assert (waiting.count(">APPROVED<"), waiting.count(">AWAITING_APPROVAL<")) == (2, 0)
    gamer = till.get(f"/console/people/gamers/{Gamer.objects.get(wallet=rows[1].wallet_id).pk}/?tab=withdrawals")
    assert f'href="{QUEUE}{rows[1].pk}/"' in gamer.content.decode()
    assert ">APPROVED<" in gamer.content.decode()


@pytest.mark.parametrize(("rows", "reason", "told"), [([], "x", "Choose at least one"), (["id"], " ", "Give a reason")])
def test_a_job_on_withdrawals_needs_rows_and_a_reason(till: Browser, rows: list[str], reason: str, told: str) -> None:
    sent = {"do": "reject", "reason": reason, "row": [str(uuid7()) for _ in rows]}
    assert told in till.post(f"{QUEUE}decide/", sent, follow=True).content.decode()
    assert not Job.objects.exists()


def test_an_operator_ends_a_review_as_paid_with_evidence(till: Browser, finance: Operator, winner: Winner) -> None:
    ann = winner()
    row = in_state(withdraw(ann), State.NEEDS_REVIEW, Review.CONTRADICTION)
    page = till.get(f"{QUEUE}{row.pk}/").content.decode()
    assert "Ask the rail again" not in page
    # The browser asks for what is needed, so that a refusal does not cost what was typed.
    assert re.findall(r'id="(\w+-\w+)" name="\w+" required', page) == [
        "paid-evidence",
        "paid-reference",
        "failed-evidence",
    ]
    assert "Name the payment" in decide(till, row, "resolve_paid")
    assert "at most 200" in decide(till, row, "resolve_paid", rail_reference="r" * 201)
    row.refresh_from_db()
    assert (row.state, money(ann)) == (State.NEEDS_REVIEW, (0, 300))
    page = decide(till, row, "resolve_paid", "seen in the books of 3 May", rail_reference="UTR 42")
    assert "UTR 42" in page
    row.refresh_from_db()
    assert (row.state, row.resolved_by, row.rail_reference) == (State.PAID, finance.pk, "UTR 42")
    entry = AuditEntry.objects.get(act="withdrawal.resolve_paid")
    assert (entry.after["rail_reference"], entry.reason) == ("UTR 42", "seen in the books of 3 May")
    assert "does not allow" in decide(till, row, "resolve_failed")
    assert money(ann) == (0, 0)


def test_an_operator_ends_a_review_with_a_refund_or_another_query(till: Browser, winner: Winner) -> None:
    ann = winner()
    row = in_state(withdraw(ann), State.NEEDS_REVIEW, Review.UNCONFIRMED)
    assert "Ask the rail again" in till.get(f"{QUEUE}{row.pk}/").content.decode()
    decide(till, row, "ask_again")
    row.refresh_from_db()
    assert row.state == State.SENDING
    in_state(row, State.NEEDS_REVIEW, Review.UNCONFIRMED)
    decide(till, row, "resolve_failed", "never there")
    row.refresh_from_db()
    assert (row.state, money(ann)) == (State.FAILED, (300, 0))


def test_the_review_mark_of_a_settled_withdrawal_is_cleared_with_a_reason(
    till: Browser, finance: Operator, winner: Winner
) -> None:
    ann = winner()
    row = withdraw(ann)
    assert "does not allow" in decide(till, row, "clear")
    reviewing.reject_withdrawal(withdrawal_id=row.pk, operator_id=1, reason="no")
    assert "does not allow" in decide(till, row, "clear")
    Withdrawal.objects.filter(pk=row.pk).update(review=Review.CONTRADICTION)
    assert counts()["disputed"] == 1
    assert "Clear the mark" in till.get(f"{QUEUE}{row.pk}/").content.decode()
    assert "Give a reason" in decide(till, row, "clear", " ")
    before = money(ann)
    assert "The mark is cleared" in decide(till, row, "clear", "their books were wrong")
    row.refresh_from_db()
    assert (row.review, row.cleared_by, row.clear_reason) == ("", finance.pk, "their books were wrong")
    assert (row.reason, row.rejected_by, row.state, money(ann)) == ("no", 1, State.FAILED, before)
    assert counts()["disputed"] == 0
    entry = AuditEntry.objects.get(act="withdrawal.clear_mark")
    assert (entry.before["review"], entry.after["review"]) == ("CONTRADICTION", "")


def test_the_destination_is_masked_and_revealing_is_in_the_trail(
    till: Browser, finance: Operator, winner: Winner
) -> None:
    row = withdraw(winner())
    wallet = row.wallet
    masked_pages = [f"{QUEUE}{row.pk}/", QUEUE, "/console/wallet/withdrawal/", "/console/wallet/wallet/"]
    masked_pages += [f"/console/wallet/withdrawal/{row.pk}/change/", f"/console/wallet/wallet/{wallet.pk}/change/"]
    masked_pages += ["/console/wallet/transaction/", f"/console/money/wallets/{wallet.pk}/address/"]
    for path in masked_pages:
        page = till.get(path).content.decode()
        assert row.destination not in page, path
        assert wallet.address not in page, path
    assert not AuditEntry.objects.exists()
    page = till.post(f"{QUEUE}{row.pk}/", {"do": "show"}).content.decode()
    assert row.destination in page
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.operator_id, entry.object_id) == ("destination.see", finance.pk, str(row.pk))
    assert row.destination not in str([entry.before, entry.after, entry.object_label])
    assert wallet.address in till.post(f"/console/money/wallets/{wallet.pk}/address/", {"do": "show"}).content.decode()
    assert AuditEntry.objects.get(act="address.see").object_id == str(wallet.pk)


def test_destinations_are_hidden_without_the_right_to_see_phones(winner: Winner) -> None:
    row = withdraw(winner())
    viewer = logged_in(operator_in(Role.VIEWER))
    for path in (f"{QUEUE}{row.pk}/", f"/console/money/wallets/{row.wallet_id}/address/"):
        assert "in full" not in viewer.get(path).content.decode()
        assert viewer.post(path, {"do": "show"}).status_code == 403
    assert not AuditEntry.objects.exists()


def test_a_viewer_cannot_decide_withdrawals(winner: Winner) -> None:
    row = withdraw(winner())
    viewer = logged_in(operator_in(Role.VIEWER))
    assert 'name="reason"' not in viewer.get(f"{QUEUE}{row.pk}/").content.decode()
    assert 'name="reason"' not in viewer.get(QUEUE).content.decode()
    for do in ("approve", "reject", "ask_again", "resolve_paid", "resolve_failed", "clear"):
        assert viewer.post(f"{QUEUE}{row.pk}/decide/", {"do": do, "reason": "x"}).status_code == 403
    assert viewer.post(f"{QUEUE}decide/", {"do": "approve", "reason": "x", "row": str(row.pk)}).status_code == 403
    row.refresh_from_db()
    assert (row.state, row.approved_by) == (State.AWAITING_APPROVAL, None)


def test_a_limited_operator_sees_no_withdrawal_of_other_clients(
    winner: Winner, other_studio: StudioCaller, client_row: Client
) -> None:
    mine = withdraw(winner())
    other = other_studio.gamer("bob")
    earn(other, 300)
    link(other, "+919876543299")
    Client.objects.update(approval_above=0)
    hidden = withdraw(other)
    browser = logged_in(operator_in(Role.FINANCE, client_row))
    page = browser.get(QUEUE).content.decode()
    assert str(mine.pk) in page
    assert str(hidden.pk) not in page
    assert queue.queue_counts([client_row.pk])[0].count == 1
    assert browser.get(f"{QUEUE}{hidden.pk}/").status_code == 404
    assert browser.post(f"{QUEUE}{hidden.pk}/decide/", {"do": "approve", "reason": "x"}).status_code == 404
    assert browser.get(f"/console/money/wallets/{hidden.wallet_id}/address/").status_code == 404
    browser.post(f"{QUEUE}decide/", {"do": "approve", "reason": "x", "row": [str(mine.pk), str(hidden.pk)]})
    assert finished(Job.objects.get()).outcome["refused"] == 1
    hidden.refresh_from_db()
    assert hidden.approved_by is None


def test_the_page_shows_reports_bookings_and_actions(till: Browser, finance: Operator, winner: Winner) -> None:
    row = withdraw(winner())
    decide(till, row, "approve", "well known")
    paying.pay_due()
    page = re.sub(r"\s+", " ", till.get(f"{QUEUE}{row.pk}/").content.decode())
    assert PayoutAttempt.objects.get(withdrawal=row).outcome in page
    for posting in queue.postings_of(row):
        assert f"<td>{posting.source.kind}</td><td>{posting.destination.kind}</td>" in page
    assert [(p.source.kind, p.amount) for p in queue.postings_of(row)] == [
        ("earned", 300),
        ("held", 300),
        ("payouts", 300),
    ]
    assert "<td>approve</td>" in page
    assert "well known" in page
    assert finance.username in page


def queries(browser: Browser, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(path).status_code == 200
    return len(captured)


def test_a_long_queue_is_paged_without_more_queries(
    till: Browser, winner: Winner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "LISTED", 4)
    rows = [withdraw(winner("p0"))]
    till.get(QUEUE)
    first = queries(till, QUEUE)
    rows += [withdraw(winner(f"p{index}", f"+91987654321{index}")) for index in range(1, 9)]
    assert queries(till, QUEUE) == first
    assert first <= 25
    seen: list[str] = []
    path = QUEUE
    while path:
        page = till.get(path).content.decode()
        seen += re.findall(r'name="row" value="([0-9a-f-]+)"', page)
        link_to_next = re.search(r'href="(\?[^"]+)" rel="next"', page)
        path = QUEUE + link_to_next[1].replace("&amp;", "&") if link_to_next else ""
    assert seen == [str(row.pk) for row in rows]
    for garbage in ("x", "%00", "W10"):
        assert str(rows[0].pk) in till.get(f"{QUEUE}?after={garbage}").content.decode()


def test_a_reason_that_the_database_refuses_causes_no_500(till: Browser, winner: Winner) -> None:
    row = withdraw(winner())
    sent = {"do": "approve", "reason": "nul \0 \ud800".encode("utf-8", "surrogatepass")}
    assert till.post(f"{QUEUE}{row.pk}/decide/", sent).status_code < 500
    row.refresh_from_db()
    assert row.state == State.AWAITING_APPROVAL

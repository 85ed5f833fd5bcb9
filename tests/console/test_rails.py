"""Rails in the console: what waits for them, why one is paused, and who ends which pause."""

import re
from html import unescape
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from kgen.admin_site.roles import Role
from kgen.clock import database_now
from kgen.errors import WrongState
from kgen.models import AuditEntry
from tests.support.http import StudioCaller
from tests.support.operators import logged_in, operator_in
from tests.support.withdrawals import earn, link, withdraw
from users.models import Client, Operator
from wallet.models import PauseReason, PayoutRail, Review, State, Step, Withdrawal
from wallet.selectors.rails import rail_queue
from wallet.services import switching

pytestmark = pytest.mark.django_db
RAILS = "/console/money/rails/"


def send(browser: Browser, do: str, reason: str = "audit", rail: str = "internal", **more: str) -> str:
    answer = browser.post(RAILS, {"do": do, "reason": reason, "rail": rail} | more, follow=True)
    return answer.content.decode()


def stored(name: str = "internal") -> PayoutRail:
    return PayoutRail.objects.get(pk=name)


def paused_for(cause: PauseReason, **more: Any) -> None:
    probe = database_now() if cause is PauseReason.BREAKER else None
    given = {"pause": cause, "since": database_now(), "probe_at": probe, "reason": "so"} | more
    PayoutRail.objects.filter(pk="internal").update(**given)


def test_an_operator_pauses_and_resumes_a_rail(till: Browser, finance: Operator) -> None:
    assert "Give a reason" in send(till, "pause", " ")
    assert stored().pause == ""
    assert "is paused: withdrawals are accepted" in send(till, "pause")
    assert (stored().pause, stored().reason, stored().changed_by) == (PauseReason.OPERATOR, "audit", finance.pk)
    page = till.get(RAILS).content.decode()
    assert "Paused by an operator" in page
    assert "I have compared" not in page
    assert "runs again" in send(till, "resume", "all well", cause="operator")
    assert (stored().pause, stored().reason) == ("", "all well")
    entries = AuditEntry.objects.order_by("pk").values_list("act", "reason", "object_id")
    assert list(entries) == [("rail.pause", "audit", "internal"), ("rail.resume", "all well", "internal")]


@pytest.mark.parametrize("cause", [PauseReason.OPERATOR, PauseReason.RESTORE])
def test_a_pause_by_hand_is_not_replaced(till: Browser, cause: PauseReason) -> None:
    """A page from before it still offers to pause."""
    paused_for(cause, reason="the first")
    before = stored()
    assert "already paused" in send(till, "pause", "the second")
    assert (stored().pause, stored().reason, stored().since) == (cause, "the first", before.since)
    assert not AuditEntry.objects.exists()
    call_command("pause_payouts", "internal", reason="a script", stdout=(said := StringIO()))
    assert (said.getvalue(), stored().reason) == ("internal: paused already\n", "the first")


def test_an_operators_pause_replaces_an_automatic_pause(till: Browser) -> None:
    paused_for(PauseReason.BREAKER)
    assert "is paused: withdrawals are accepted" in send(till, "pause")
    assert (stored().pause, stored().probe_at) == (PauseReason.OPERATOR, None)


@pytest.mark.parametrize("cause", [PauseReason.BREAKER, PauseReason.CONFIGURATION])
def test_a_rail_that_paused_itself_is_resumed_by_one_operator(till: Browser, cause: PauseReason) -> None:
    paused_for(cause, failures=7)
    page = re.sub(r"\s+", " ", till.get(RAILS).content.decode())
    assert "7 of" in page
    send(till, "resume", cause=cause.value)
    assert (stored().pause, stored().failures, stored().probe_at) == ("", 0, None)


def test_resuming_after_a_restore_needs_a_confirmation(till: Browser, studio: StudioCaller) -> None:
    waiting = withdraw(funded(studio))
    paused_for(PauseReason.RESTORE, confirmed_system="another")
    assert "I have compared this database" in till.get(RAILS).content.decode()
    assert "confirm that you have compared" in send(till, "resume", cause="restore")
    assert stored().pause == PauseReason.RESTORE
    assert not AuditEntry.objects.exists()
    send(till, "resume", "compared line by line", cause="restore", compared="yes")
    waiting.refresh_from_db()
    assert (stored().pause, waiting.next_step) == ("", Step.ASK)


def test_a_resume_does_not_end_a_pause_that_began_later(till: Browser) -> None:
    paused_for(PauseReason.RESTORE)
    assert "cause of the pause has changed" in send(till, "resume", cause="operator")
    assert "confirm that you have compared" in send(till, "resume")
    assert stored().pause == PauseReason.RESTORE
    with pytest.raises(WrongState):
        switching.resume_rail(name="internal", operator_id=1, reason="x", cause=PauseReason.BREAKER)
    switching.resume_rail(name="internal", operator_id=1, reason="whatever it is")
    assert stored().pause == ""


@pytest.mark.parametrize("rail", ["", "nope", "\0", "x" * 500])
def test_an_unknown_rail_is_404(till: Browser, rail: str) -> None:
    assert till.post(RAILS, {"do": "pause", "reason": "x", "rail": rail}).status_code == 404


def funded(studio: StudioCaller, name: str = "ann", phone: str = "+919876543210") -> Any:
    caller = studio.gamer(name)
    earn(caller, 300)
    link(caller, phone)
    return caller


def test_the_page_counts_and_sums_waiting_withdrawals(till: Browser, studio: StudioCaller) -> None:
    first = withdraw(funded(studio))
    withdraw(funded(studio, "bob", "+919876543211"), 100)
    third = withdraw(funded(studio, "cy", "+919876543212"), 70)
    Withdrawal.objects.filter(pk=third.pk).update(state=State.NEEDS_REVIEW, review=Review.UNCONFIRMED)
    Client.objects.update(approval_above=0)
    fourth = withdraw(funded(studio, "dan", "+919876543213"), 5)
    found = rail_queue("internal")
    assert (found.count, found.amount, found.oldest, found.reviews) == (2, 400, first.created_at, 1)
    Withdrawal.objects.filter(pk=fourth.pk).update(approved_by=1)
    assert rail_queue("internal").count == 3
    page = till.get(RAILS).content.decode()
    for named, number in (("payout=unpaid", 3), ("state__exact=NEEDS_REVIEW", 1)):
        (link,) = re.findall(rf'href="([^"]*{named}&amp;rail=internal)"', page)
        assert f'{link}">{number}</a>' in page
        listed = till.get(unescape(link)).content.decode()
        assert len(set(re.findall(r"/withdrawal/([0-9a-f-]{36})/change/", listed))) == number
        other = till.get(unescape(link).replace("rail=internal", "rail=http")).content.decode()
        assert "/change/" not in other.partition('id="changelist"')[2]
    page = re.sub(r"\s+", " ", till.get(RAILS).content.decode())
    assert "405 units" in page
    with CaptureQueriesContext(connection) as captured:
        till.get(RAILS)
    assert len(captured) <= 20


def test_operators_without_the_right_or_with_a_limit_cannot_pause(client_row: Client) -> None:
    viewer = logged_in(operator_in(Role.VIEWER))
    assert 'value="pause"' not in viewer.get(RAILS).content.decode()
    assert viewer.post(RAILS, {"do": "pause", "reason": "x", "rail": "internal"}).status_code == 403
    limited = logged_in(operator_in(Role.FINANCE, client_row))
    assert "see none" in limited.get(RAILS).content.decode()
    assert limited.post(RAILS, {"do": "pause", "reason": "x", "rail": "internal"}).status_code == 404
    assert stored().pause == ""

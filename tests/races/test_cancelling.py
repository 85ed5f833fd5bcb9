"""Two operators cancel a tournament at the same moment: one does, the other is told, and the trail has one act."""

from functools import partial
from uuid import UUID

from django.test import Client as Browser

from esports.models import Tournament
from esports.services.cancelling import cancel_once
from kgen.admin_site.roles import Role
from kgen.errors import DomainError
from kgen.models import AuditEntry
from tests.support.console import page_of
from tests.support.http import StudioCaller
from tests.support.operators import logged_in, operator_in
from tests.support.threads import at_once, begin_blocked, holding_seats
from wallet.models import Kind, Transaction


def page_after(browser: Browser, uid: str, reason: str) -> str:
    """What an operator who cancels is shown then."""
    return browser.post(f"{page_of(uid)}cancel/", {"do": "cancel", "reason": reason}, follow=True).content.decode()


def test_the_second_operator_learns_that_the_tournament_is_cancelled(studio: StudioCaller) -> None:
    uid = studio.tournament()
    studio.gamer("ann").join(uid).ok()
    both = [(logged_in(operator_in(role)), f"{role.value}'s") for role in (Role.ORGANISER, Role.ADMIN)]
    with holding_seats(uid):
        # Both have looked at it before either of them may change it.
        runners = begin_blocked(*(partial(page_after, browser, uid, why) for browser, why in both))
    said = [runner.result() for runner in runners]
    assert sorted("is cancelled already" in words for words in said) == [False, True]
    won = [why for (_, why), words in zip(both, said, strict=True) if "cancelled already" not in words]
    assert [entry.reason for entry in AuditEntry.objects.filter(act="tournament.cancel")] == won
    assert [Tournament.objects.get(pk=uid).cancel_reason] == won
    assert Transaction.objects.filter(kind=Kind.REFUND).count() == 1


def test_many_cancellations_at_once_cancel_once(studio: StudioCaller) -> None:
    uid = studio.tournament()

    def cancel() -> str:
        try:
            cancel_once(client_id=UUID(studio.client_id), uid=uid, reason="rain")
        except DomainError as refusal:
            return refusal.detail
        return ""

    said = at_once(12, cancel)
    assert sorted(said) == [""] + ["The tournament is cancelled already."] * 11

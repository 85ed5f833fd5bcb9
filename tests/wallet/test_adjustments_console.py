"""Adjustments in the console: to read, to decide, and to withdraw."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client as Browser

from tests.support.addresses import WITHDRAWAL_LIST
from tests.support.http import GamerCaller
from tests.support.money import wallet_of
from tests.support.withdrawals import earn, link, withdraw
from users.models import Client, Operator
from wallet.models import Adjustment, Bucket, Direction
from wallet.services import adjusting

pytestmark = pytest.mark.django_db
PAGE = "/console/wallet/adjustment/"


@pytest.fixture
def maker() -> Operator:
    return Operator.objects.create_superuser("maker", password="a long password")


@pytest.fixture
def checker() -> Operator:
    return Operator.objects.create_superuser("checker", password="a long password")


@pytest.fixture
def row(gamer: GamerCaller, maker: Operator) -> Adjustment:
    return adjusting.request_adjustment(
        wallet_id=wallet_of(gamer).id,
        bucket=Bucket.EARNED,
        direction=Direction.CREDIT,
        amount=40,
        reason="a lost prize",
        operator_id=maker.pk,
    )


def act(operator: Operator, action: str, row: Any, reason: str = "as agreed", path: str = PAGE) -> str:
    browser = Browser()
    browser.force_login(operator)
    answer = browser.post(path, {"action": action, "_selected_action": [str(row.pk)], "reason": reason}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_another_operator_approves_an_adjustment(
    gamer: GamerCaller, maker: Operator, checker: Operator, row: Adjustment
) -> None:
    assert "another operator has to decide it" in act(maker, "approve", row)
    assert "3 to 500 characters" in act(checker, "approve", row, "ok")
    assert gamer.buckets() == (50, 0, 0)
    assert "done" in act(checker, "approve", row)
    assert "has been decided" in act(checker, "reject", row)
    row.refresh_from_db()
    assert (row.state, row.decided_by, row.note) == ("APPROVED", checker.pk, "as agreed")
    assert gamer.buckets() == (50, 0, 40)


def test_a_checker_rejects_and_the_maker_cancels_an_adjustment(
    maker: Operator, checker: Operator, row: Adjustment
) -> None:
    assert "another operator has to decide it" in act(maker, "reject", row)
    assert "Only the operator who requested" in act(checker, "cancel", row)
    assert "done" in act(checker, "reject", row)
    assert "has been decided" in act(maker, "cancel", row)
    row.refresh_from_db()
    assert (row.state, row.decided_by) == ("REJECTED", checker.pk)


def test_the_requester_sees_why_another_operator_must_approve(
    gamer: GamerCaller, maker: Operator, checker: Operator, row: Adjustment
) -> None:
    Client.objects.update(approval_above=0)
    earn(gamer, 300)
    link(gamer)
    waiting = withdraw(gamer)
    assert "another operator has to approve" in act(maker, "approve", waiting, path=WITHDRAWAL_LIST)
    assert "done" in act(checker, "approve", waiting, path=WITHDRAWAL_LIST)


def test_adjustment_pages_are_read_only(maker: Operator, row: Adjustment) -> None:
    browser = Browser()
    browser.force_login(maker)
    assert "a lost prize" in browser.get(f"{PAGE}?state__exact=REQUESTED").content.decode()
    assert "a lost prize" in browser.get(f"{PAGE}{row.pk}/change/").content.decode()
    assert browser.get(f"{PAGE}add/").status_code == 403
    assert browser.post(f"{PAGE}{row.pk}/change/", {"amount": 1}).status_code == 403
    assert browser.post(f"{PAGE}{row.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_viewer_cannot_decide_an_adjustment(row: Adjustment) -> None:
    viewer = Operator.objects.create_user("viewer", password="a long password", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_adjustment"))
    act(viewer, "approve", row)
    row.refresh_from_db()
    assert row.state == "REQUESTED"

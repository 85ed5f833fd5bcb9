"""Running totals: at every moment equal to the sum over all postings, however far they have counted."""

from collections import Counter
from datetime import date, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.db.models import Max

from kgen.clock import database_now
from rewards.services.settling import settle_due
from tests.support.clock import end
from tests.support.http import StudioCaller
from tests.support.money import prove
from wallet.models import DayTotal, KindTotal, Posting, PostingMark
from wallet.selectors.liability import flows, held_by_kind
from wallet.services.totalling import count_stretch, total_postings

pytestmark = pytest.mark.django_db


@pytest.fixture
def busy(studio: StudioCaller, other_studio: StudioCaller) -> list[UUID]:
    """Bonuses, deposits, stakes, a leave and a sponsorship of two clients; their ids."""
    for index, caller in enumerate((studio, other_studio)):
        uid = caller.tournament(sponsored_amount=70 + index)
        gamers = [caller.gamer(f"g{number}") for number in range(3 + index)]
        for gamer in gamers:
            caller.deposit(gamer.user_id, 100, f"order-{gamer.user_id}").ok(201)
            gamer.join(uid).ok()
        gamers[0].leave(uid).ok()
    return [UUID(studio.client_id), UUID(other_studio.client_id)]


def by_postings(clients: list[UUID] | None = None) -> dict[str, int]:
    """What each kind of account holds, read from every posting."""
    held: Counter[str] = Counter()
    for posting in Posting.objects.select_related("source", "destination", "transaction"):
        if clients is None or posting.transaction.client_id in clients:
            held[posting.source.kind] -= posting.amount
            held[posting.destination.kind] += posting.amount
    return {kind: amount for kind, amount in held.items() if amount}


def shown(clients: list[UUID] | None = None) -> dict[str, int]:
    """What the totals say."""
    return {row.kind: row.amount for row in held_by_kind(clients) if row.amount}


def days_shown(clients: list[UUID] | None = None) -> dict[tuple[str, str, str], tuple[int, int]]:
    today = database_now().date()
    rows = flows(clients, since=today - timedelta(days=1), until=today)
    return {(row.kind, row.source, row.destination): (row.amount, row.postings) for row in rows}


def test_totals_are_exact_before_during_and_after_counting(busy: list[UUID]) -> None:
    truth, days = by_postings(), days_shown()
    own, others = by_postings(busy[:1]), by_postings(busy[1:])
    assert days["JOIN", "bonus", "escrow"] == (70, 7)
    assert days["DEPOSIT", "deposits", "bought"] == (700, 7)
    passed = 0
    while True:
        assert shown() == truth
        assert (shown(busy[:1]), shown(busy[1:])) == (own, others)
        assert days_shown() == days
        if not (stretch := count_stretch(most=4)):
            break
        passed += stretch
    newest = Posting.objects.aggregate(newest=Max("pk"))["newest"]
    assert passed >= Posting.objects.count()
    assert PostingMark.objects.get().counted == newest
    assert sum(row.amount for row in held_by_kind(None)) == 0
    assert prove().exit_code == 0


def test_postings_that_arrive_later_are_counted_once(busy: list[UUID], studio: StudioCaller) -> None:
    total_postings()
    stored = KindTotal.objects.get(client_id=busy[0], kind="bought").held
    studio.deposit("g0", 5, "late").ok(201)
    assert KindTotal.objects.get(client_id=busy[0], kind="bought").held == stored, "nobody has counted it yet"
    assert shown() == by_postings()
    total_postings()
    total_postings()
    assert KindTotal.objects.get(client_id=busy[0], kind="bought").held == stored + 5
    assert shown() == by_postings()


def test_a_settlement_and_its_house_share_count_on_its_day(studio: StudioCaller) -> None:
    uid = studio.tournament()
    for number in range(4):
        gamer = studio.gamer(f"g{number}")
        gamer.join(uid).ok()
        gamer.score(uid, number).ok()
    end(uid)
    settle_due()
    prizes, house = days_shown()["SETTLEMENT", "escrow", "rewards_payable"], by_postings().get("house", 0)
    assert prizes[0] + house == 40
    total_postings()
    assert days_shown()["SETTLEMENT", "escrow", "rewards_payable"] == prizes
    assert shown() == by_postings()


def test_totals_omit_days_outside_the_range(busy: list[UUID]) -> None:
    yesterday = database_now().date() - timedelta(days=1)
    assert flows(None, since=date(2020, 1, 1), until=yesterday) == []
    total_postings()
    assert flows(None, since=date(2020, 1, 1), until=yesterday) == []


@pytest.mark.parametrize(
    ("model", "change"),
    [(KindTotal, "UPDATE wallet_kindtotal SET held = held + 1"), (DayTotal, "DELETE FROM wallet_daytotal")],
)
def test_the_proof_finds_a_changed_total(busy: list[UUID], model: type, change: str) -> None:
    total_postings()
    assert model.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute(change)
    proof = prove()
    assert proof.exit_code == 1
    assert "running totals by" in proof.err

"""Sponsorship: moved into escrow when a tournament is made, and never beyond the client's limit."""

import pytest

from esports.models import Tournament
from tests.support.http import StudioCaller
from tests.support.organising import TOURNAMENTS, allow_sponsorship, at, escrow, new, sponsor, stored
from tests.support.threads import ledger_faults, outcomes, together
from wallet.models import Account, Posting, Transaction


@pytest.mark.django_db
def test_the_sponsorship_is_booked_from_the_sponsor_account_to_escrow(studio: StudioCaller) -> None:
    made = studio.post(TOURNAMENTS, new(sponsored_amount=700)).ok(201)
    assert made["sponsored_amount"] == 700
    assert (escrow(made["tournament_uid"]), sponsor(studio)) == (700, -700)
    second = studio.tournament(sponsored_amount=50)
    assert (escrow(second), sponsor(studio)) == (50, -750)
    assert ledger_faults() == []


@pytest.mark.django_db
def test_the_limit_is_a_million_by_default(studio: StudioCaller) -> None:
    studio.tournament(sponsored_amount=1_000_000)
    studio.post(TOURNAMENTS, new(sponsored_amount=1)).refused(409, "INSUFFICIENT_BALANCE")
    allow_sponsorship(studio, 1_000_001)
    studio.post(TOURNAMENTS, new(sponsored_amount=1)).ok(201)
    assert sponsor(studio) == -1_000_001


@pytest.mark.django_db
def test_a_refused_sponsorship_writes_no_row(studio: StudioCaller, other_studio: StudioCaller) -> None:
    allow_sponsorship(studio, 100)
    studio.post(TOURNAMENTS, new(sponsored_amount=101), key="k").refused(409, "INSUFFICIENT_BALANCE")
    tables = (Tournament, Account, Transaction, Posting)
    assert [table.objects.count() for table in tables] == [0, 0, 0, 0]
    assert other_studio.post(TOURNAMENTS, new(sponsored_amount=101)).status == 201
    assert studio.post(TOURNAMENTS, new(sponsored_amount=100), key="k").status == 201


@pytest.mark.django_db
def test_refunded_sponsorship_can_sponsor_another_tournament(studio: StudioCaller) -> None:
    allow_sponsorship(studio, 100)
    first = studio.tournament(sponsored_amount=100)
    studio.post(TOURNAMENTS, new(sponsored_amount=1)).refused(409, "INSUFFICIENT_BALANCE")
    studio.post(at(first, "/cancel")).ok()
    assert (escrow(first), sponsor(studio)) == (0, 0)
    second = studio.tournament(sponsored_amount=100)
    assert (escrow(second), sponsor(studio)) == (100, -100)
    assert ledger_faults() == []


def test_parallel_tournaments_cannot_exceed_the_sponsorship_limit(committed: None, studio: StudioCaller) -> None:
    allow_sponsorship(studio, 1000)
    body = new(sponsored_amount=300)
    answers = together([lambda: studio.post(TOURNAMENTS, body)] * 10)
    assert outcomes(answers) == {(201, ""): 3, (409, "INSUFFICIENT_BALANCE"): 7}
    assert (sponsor(studio), Tournament.objects.count()) == (-900, 3)
    assert ledger_faults() == []


def test_parallel_raises_of_sponsorships_cannot_exceed_the_limit(committed: None, studio: StudioCaller) -> None:
    allow_sponsorship(studio, 1000)
    uids = [studio.tournament(sponsored_amount=50) for _ in range(4)]
    calls = [lambda uid=uid: studio.patch(at(uid), {"sponsored_amount": 350}) for uid in uids]
    made = lambda: studio.post(TOURNAMENTS, new(sponsored_amount=300))  # noqa: E731
    answers = together([*calls, made, made])
    # 1,000 − 4 × 50 leaves room for two steps of 300.
    won = sum(answer.status < 400 for answer in answers)
    assert won == 2
    assert {answer.code for answer in answers if answer.status >= 400} == {"INSUFFICIENT_BALANCE"}
    assert sponsor(studio) == -800
    assert sum(stored(str(uid))["sponsored_amount"] for uid in Tournament.objects.values_list("pk", flat=True)) == 800
    assert ledger_faults() == []

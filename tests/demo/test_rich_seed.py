"""`manage.py seed_demo --rich`: a console that is alive, books that prove, and no doubles."""

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import Model

from esports.models import Participation, ScoreEvent, SeriesOccurrence, Tournament, TournamentSeries
from esports.selectors.tournaments import read_tournament
from kgen.admin_site.roles import Role
from kgen.jobs.models import Job
from kgen.models import AuditEntry
from kgen.webhooks.models import WebhookDelivery
from rewards.models import Reward, RewardStatus, Settlement
from users.models import Client, Gamer, Operator
from wallet.models import Adjustment, AdjustmentState, Kind, Posting, Review, State, Transaction, Withdrawal

pytestmark = pytest.mark.long

COUNTED: list[type[Model]] = [
    Client,
    Gamer,
    Operator,
    Tournament,
    Participation,
    ScoreEvent,
    TournamentSeries,
    SeriesOccurrence,
    Transaction,
    Posting,
    Withdrawal,
    Adjustment,
    Reward,
    WebhookDelivery,
    Job,
    AuditEntry,
]


def seed() -> dict[str, Any]:
    """Run it; what its last line says."""
    out = io.StringIO()
    call_command("seed_demo", "--rich", stdout=out)
    said: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return said


@pytest.mark.usefixtures("committed")
def test_the_rich_seed_fills_every_list_and_proves() -> None:
    first = seed()
    checks = (
        books_prove,
        booked_in_the_order_of_time,
        everything_is_in_every_state,
        the_month_has_a_history,
        operators_can_work,
    )
    for check in checks:
        check(first)
    counts = {model: model._default_manager.count() for model in COUNTED}
    again = seed()
    assert {model: model._default_manager.count() for model in COUNTED} == counts, "a second run doubles nothing"
    assert again["clients"] == first["clients"]
    assert not {"client_secrets", "operator_passwords"} & again.keys(), "secrets are told once"


def books_prove(_said: dict[str, Any]) -> None:
    """The ledger proves, and so does every settlement."""
    call_command("verify_ledger")
    for tournament_id in Settlement.objects.values_list("pk", flat=True):
        call_command("verify_settlement", str(tournament_id), stdout=io.StringIO())


def booked_in_the_order_of_time(_said: dict[str, Any]) -> None:
    """Nothing of a gamer's is dated before what was booked earlier: a statement read by time has the right balances.
    Nor is anything in the trail, which is read newest first."""
    latest: dict[Any, datetime] = {}
    columns = ("transaction__created_at", "source__wallet", "destination__wallet")
    for at, *wallets in Posting.objects.order_by("id").values_list(*columns):
        for wallet in set(wallets) - {None}:
            assert at >= latest.setdefault(wallet, at)
            latest[wallet] = at
    times = list(AuditEntry.objects.order_by("id").values_list("at", flat=True))
    assert times == sorted(times)


def everything_is_in_every_state(_said: dict[str, Any]) -> None:
    """Whatever an operator may have to look at is there."""
    statuses = {read_tournament(uid).status.value for uid in Tournament.objects.values_list("pk", flat=True)}  # type: ignore[union-attr]
    assert {"DRAFT", "SCHEDULED", "LOBBY", "STARTED", "LOCKED", "COMPLETED", "CANCELLED"} <= statuses
    assert Tournament.objects.filter(settled_at=None, ends_at__lt=datetime.now(UTC), refunded_at=None).exists()
    # Only a gateway's payouts come back; the demo has the internal rail.
    assert states(Withdrawal, "state") == set(State.values) - {State.RETURNED}
    assert states(Withdrawal.objects.filter(state=State.NEEDS_REVIEW), "review") == set(Review.values)
    assert Withdrawal.objects.filter(state=State.AWAITING_APPROVAL, approved_by=None).count() >= 2
    assert states(Reward, "status") == set(RewardStatus.values)
    assert states(Adjustment, "state") == set(AdjustmentState.values)
    assert states(WebhookDelivery, "state") == {"PENDING", "DELIVERED", "FAILED"}
    assert states(Job, "state") >= {"DONE"}
    assert states(TournamentSeries, "active") == {True, False}
    assert Gamer.objects.filter(suspended_at__isnull=False).exists()
    assert Gamer.objects.filter(kgen_account__isnull=False).count() > 50
    assert Participation.objects.filter(disqualified_at__isnull=False).exists()
    assert ScoreEvent.objects.filter(voided_at__isnull=False).exists()


def the_month_has_a_history(_said: dict[str, Any]) -> None:
    """About 300 gamers, and play on every day of the month."""
    assert 280 <= Gamer.objects.count() <= 320
    # In days of 24 hours back from now: a seed late in the day settles two of its days on one date.
    now = datetime.now(UTC)
    days = {(now - settled_at).days for settled_at in Settlement.objects.values_list("settled_at", flat=True)}
    assert len(days) >= 30
    oldest = Transaction.objects.filter(kind=Kind.JOIN).earliest("created_at").created_at
    assert timedelta(days=29) < datetime.now(UTC) - oldest < timedelta(days=32)
    trail = AuditEntry.objects.order_by("at")
    assert datetime.now(UTC) - trail[0].at > timedelta(hours=4), "acts stand in the trail at the time they were done"


def operators_can_work(said: dict[str, Any]) -> None:
    """Somebody is there for each role, with the password that was told; one is limited to a game."""
    people = Operator.objects.filter(username__in=said["operators"])
    assert {group for person in people for group in person.groups.values_list("name", flat=True)} == set(Role)
    assert all(person.check_password(said["operator_passwords"][person.username]) for person in people)
    assert [person.username for person in people if person.clients.exists()] == ["rally-support"]


def states(rows: Any, column: str) -> set[Any]:
    """The values that occur."""
    manager = rows._default_manager if isinstance(rows, type) else rows
    return set(manager.order_by().values_list(column, flat=True).distinct())

"""Entries by day: as many as there are participations, whatever has been counted already."""

from collections import Counter
from datetime import date, timedelta
from uuid import UUID

import pytest
from django.db.models import F

from esports.models import EntryDay, EntryMark, Participation
from esports.selectors.overview import entries_by_day
from esports.services import entries
from esports.services.entries import SETTLED_AFTER, count_entries
from kgen.clock import database_now, first_id
from tests.support.http import StudioCaller

pytestmark = pytest.mark.django_db


@pytest.fixture
def joined(studio: StudioCaller, other_studio: StudioCaller) -> list[UUID]:
    """Joins of two clients, one for free and one that was left; some of yesterday."""
    for caller in (studio, other_studio):
        paid, free = caller.tournament(), caller.tournament(buy_in_price=0, sponsored_amount=30)
        for number in range(3):
            caller.gamer(f"g{number}").join(paid).ok()
        caller.gamer("g9").join(free, 0).ok()
        caller.gamer("g8").join(paid).ok()
        caller.gamer("g8").leave(paid).ok()
    early = Participation.objects.filter(gamer__user_id__in=["g0", "g1"])
    early.update(joined_at=F("joined_at") - timedelta(days=1))
    return [UUID(studio.client_id), UUID(other_studio.client_id)]


def counted(clients: list[UUID] | None = None) -> dict[date, int]:
    today = database_now().date()
    return entries_by_day(clients, since=today - timedelta(days=40), until=today)


def by_rows(clients: list[UUID] | None = None) -> dict[date, int]:
    """From every participation."""
    rows = Participation.objects.all()
    if clients is not None:
        rows = rows.filter(client__in=clients)
    return dict(Counter(moment.date() for moment in rows.values_list("joined_at", flat=True)))


def test_recent_entries_are_counted_from_their_rows(joined: list[UUID]) -> None:
    assert counted() == by_rows()
    assert sum(counted().values()) == 10
    assert counted(joined[:1]) == by_rows(joined[:1])
    count_entries()
    assert not EntryDay.objects.exists(), "what is younger than two minutes may still be on its way"
    assert counted() == by_rows()


def test_entries_of_past_days_are_counted_once(
    joined: list[UUID], monkeypatch: pytest.MonkeyPatch, studio: StudioCaller
) -> None:
    monkeypatch.setattr(entries, "SETTLED_AFTER", -timedelta(minutes=1))
    truth = by_rows()
    count_entries()
    assert EntryMark.objects.get().counted_to > Participation.objects.latest("pk").pk
    assert sum(EntryDay.objects.values_list("entries", flat=True)) == 10
    count_entries()
    assert counted() == truth
    assert counted(joined[1:]) == by_rows(joined[1:])


def test_live_counting_begins_where_the_stored_count_ends(joined: list[UUID]) -> None:
    middle = sorted(Participation.objects.values_list("pk", flat=True))[4]
    before = Participation.objects.filter(pk__lt=middle)
    EntryMark.objects.create(pk=1, counted_to=middle)
    for client, moment in before.values_list("client", "joined_at"):
        row, _ = EntryDay.objects.get_or_create(client_id=client, day=moment.date(), defaults={"entries": 0})
        EntryDay.objects.filter(pk=row.pk).update(entries=F("entries") + 1)
    assert counted() == by_rows()


def test_a_long_history_is_counted_day_by_day(joined: list[UUID]) -> None:
    begun = database_now() - timedelta(days=3)
    EntryMark.objects.create(pk=1, counted_to=first_id(begun))
    assert entries.count_stretch(), "there is more than a day"
    assert EntryMark.objects.get().counted_to == first_id(begun + timedelta(days=1))
    count_entries()
    left = database_now() - SETTLED_AFTER - timedelta(seconds=30)
    assert EntryMark.objects.get().counted_to > first_id(left)

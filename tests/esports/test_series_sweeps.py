"""Series' duties: rows ahead, tournaments in time, nothing made late, and a reason for whatever was not made."""

from datetime import UTC, datetime, timedelta

import pytest

from esports.models import SeriesOccurrence, Tournament, TournamentSeries
from esports.selectors.series import occurrences_due, plans_due
from esports.services.series_sweeping import FAULT, MISSED, make_occurrence, put_off, sweep_series
from tests.support.http import StudioCaller
from tests.support.organising import allow_sponsorship, escrow, sponsor
from tests.support.series import HOUR, at, make, starts, stored
from tests.support.threads import ledger_faults
from tests.support.time import INSTANT, clock_at
from users.models import Client

pytestmark = pytest.mark.django_db

# 18:00 in India, when the daily series starts. Its schedule is an hour before, and it is made an hour before that.
START = datetime(2026, 12, 4, 12, 30, tzinfo=UTC)
DUE = START - timedelta(hours=2)
DAY = timedelta(days=1)


@pytest.fixture
def uid(studio: StudioCaller) -> str:
    """A daily series, made long before its first occurrence."""
    with clock_at(DUE - timedelta(hours=6)):
        return make(studio, title="Cup {date}", sponsored_amount=100, description="d", score_operator="best")


def sweep_at(moment: datetime) -> None:
    """Sweep with the database's clock stopped at a moment."""
    with clock_at(moment):
        sweep_series()


def test_a_sweep_creates_a_tournament_when_due_and_not_before(uid: str, studio: StudioCaller) -> None:
    sweep_at(DUE - INSTANT)
    assert Tournament.objects.count() == 0
    sweep_at(DUE)
    made = Tournament.objects.select_related("seats").get()
    assert stored(uid)[0].tournament == made
    hour = timedelta(hours=1)
    assert (made.schedules_at, made.moves_to_lobby_at, made.starts_at) == (START - hour, START, START)
    assert (made.locks_at, made.ends_at) == (START + hour / 2, START + 2 * hour)
    assert (made.title, made.description, made.score_operator) == ("Cup 2026-12-04", "d", "best")
    assert (made.buy_in_price, made.seats.size, str(made.client_id)) == (10, 100, studio.client_id)
    assert (escrow(str(made.pk)), sponsor(studio)) == (100, -100)
    with clock_at(DUE):
        first = studio.get(at(uid)).ok()["next_occurrences"][0]
    assert first["tournament_uid"] == str(made.pk)
    assert ledger_faults() == []


def test_repeated_sweeps_create_each_tournament_once(uid: str, studio: StudioCaller) -> None:
    for _ in range(3):
        sweep_at(DUE)
    make_occurrence(occurrence_id=stored(uid)[0].pk)
    assert (Tournament.objects.count(), sponsor(studio)) == (1, -100)
    with clock_at(DUE):
        assert (plans_due(10), occurrences_due(10)) == ([], [])


def test_a_week_of_sweeps_makes_one_tournament_a_day_and_keeps_five_ahead(uid: str) -> None:
    for hours in range(7 * 24):
        sweep_at(DUE + timedelta(hours=hours))
    made = Tournament.objects.order_by("starts_at")
    assert [row.starts_at for row in made] == [START + DAY * day for day in range(7)]
    assert {row.title for row in made} == {f"Cup 2026-12-{day:02}" for day in range(4, 11)}
    now = DUE + timedelta(hours=7 * 24 - 1)
    assert sum(start > now for start in starts(uid)) >= 5
    assert SeriesOccurrence.objects.exclude(skipped_at=None).count() == 0


def test_missed_occurrences_are_noted_and_not_made_late(uid: str) -> None:
    sweep_at(DUE)
    back = START + 20 * DAY - timedelta(minutes=10)
    sweep_at(back)
    missed = [row for row in stored(uid) if row.skipped_at is not None]
    # The twentieth day's has not started: it is made late, but not too late.
    assert [row.starts_at for row in missed] == [START + DAY * day for day in range(1, 20)]
    assert {(row.reason, row.skipped_at, row.tournament) for row in missed} == {(MISSED, back, None)}
    assert sorted(Tournament.objects.values_list("starts_at", flat=True)) == [START, START + 20 * DAY]


def test_an_occurrence_that_starts_now_is_missed(uid: str) -> None:
    sweep_at(START)
    first = stored(uid)[0]
    assert (first.tournament, first.skipped_at, first.reason) == (None, START, MISSED)
    with clock_at(START):
        make_occurrence(occurrence_id=first.pk)
    assert Tournament.objects.count() == 0


def test_a_refused_occurrence_is_tried_again_until_it_is_made(uid: str, studio: StudioCaller) -> None:
    allow_sponsorship(studio, 99)
    sweep_at(DUE)
    first = stored(uid)[0]
    assert first.reason.startswith("INSUFFICIENT_BALANCE: ")
    assert (first.due_at, first.tournament, Tournament.objects.count()) == (DUE + timedelta(minutes=1), None, 0)
    with clock_at(DUE):
        assert studio.get(at(uid)).ok()["next_occurrences"][0]["reason"] == first.reason
    allow_sponsorship(studio, 100)
    sweep_at(DUE + timedelta(minutes=1) - INSTANT)
    assert Tournament.objects.count() == 0
    sweep_at(DUE + timedelta(minutes=1))
    first = stored(uid)[0]
    assert (first.tournament, first.reason) == (Tournament.objects.get(), "")
    assert (sponsor(studio), ledger_faults()) == (-100, [])


def test_an_occurrence_refused_until_its_start_is_skipped_with_the_reason(uid: str, studio: StudioCaller) -> None:
    allow_sponsorship(studio, 0)
    for minutes in range(0, 121, 10):
        sweep_at(DUE + timedelta(minutes=minutes))
    first = stored(uid)[0]
    assert (first.skipped_at, first.tournament) == (START, None)
    assert first.reason.startswith("INSUFFICIENT_BALANCE: ")
    allow_sponsorship(studio, 1000)
    sweep_at(START + timedelta(minutes=1))
    assert Tournament.objects.count() == 0


def test_a_refused_occurrence_does_not_delay_other_series(uid: str, other_studio: StudioCaller) -> None:
    with clock_at(DUE - timedelta(hours=6)):
        other = make(other_studio)
    TournamentSeries.objects.filter(pk=uid).update(template={"title": "damaged"})
    sweep_at(DUE)
    assert stored(uid)[0].reason == FAULT
    assert stored(other)[0].tournament == Tournament.objects.get()


def test_a_client_that_is_switched_off_gets_no_tournaments(uid: str, studio: StudioCaller) -> None:
    Client.objects.filter(pk=studio.client_id).update(active=False)
    sweep_at(DUE)
    assert stored(uid)[0].reason == "WRONG_STATE: The client is switched off."
    Client.objects.filter(pk=studio.client_id).update(active=True)
    sweep_at(DUE + timedelta(minutes=1))
    assert Tournament.objects.count() == 1


def test_a_series_paused_just_before_its_lock_creates_no_tournament(uid: str) -> None:
    TournamentSeries.objects.filter(pk=uid).update(active=False)
    sweep_at(DUE)
    assert Tournament.objects.count() == 0


def test_a_reason_of_any_length_is_stored(uid: str) -> None:
    first = stored(uid)[0]
    put_off(occurrence_id=first.pk, reason="x" * 1000)
    assert stored(uid)[0].reason == "x" * 500


def test_a_series_makes_no_tournament_after_its_last_date(studio: StudioCaller) -> None:
    with clock_at(DUE):
        uid = make(studio, last_date="2026-12-05")
    for day in range(4):
        sweep_at(DUE + DAY * day)
    assert starts(uid) == [START, START + DAY]
    assert Tournament.objects.count() == 2
    assert TournamentSeries.objects.get(pk=uid).plan_at is None


def test_daylight_saving_keeps_one_tournament_a_day_at_local_time(studio: StudioCaller) -> None:
    # The clock goes back on 1 November 2026 at 02:00: 01:30 comes twice.
    begin = datetime(2026, 10, 30, 12, tzinfo=UTC)
    with clock_at(begin):
        make(studio, rule="30 1 * * *", time_zone="America/New_York", schedules_before_seconds=0)
    for hours in range(4 * 24):
        sweep_at(begin + timedelta(hours=hours))
    made = Tournament.objects.order_by("starts_at").values_list("starts_at", flat=True)
    assert [f"{start:%d %H:%M}" for start in made] == ["31 05:30", "01 05:30", "02 06:30", "03 06:30"]


def test_a_long_schedule_is_created_early_enough(studio: StudioCaller) -> None:
    with clock_at(START):
        make(studio, rule="0 */6 * * *", schedules_before_seconds=7 * 24 * HOUR)
    sweep_at(START)
    sweep_at(START + timedelta(hours=6))
    horizon = START + timedelta(hours=6) + 7 * DAY + timedelta(hours=1)
    late = [row for row in SeriesOccurrence.objects.filter(starts_at__lte=horizon) if row.tournament_id is None]
    assert late == []
    assert Tournament.objects.count() == 29

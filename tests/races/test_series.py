"""Series under many workers at once, and beside a studio that changes them."""

from esports.models import SeriesOccurrence, Tournament, TournamentSeries
from esports.selectors.series import occurrences_due
from esports.services.series_sweeping import make_occurrence, sweep_series
from tests.support.http import StudioCaller
from tests.support.organising import sponsor
from tests.support.series import HOUR, SERIES, at, body, hourly, make, stored
from tests.support.threads import at_once, begin_blocked, holding, outcomes, together


def test_parallel_workers_create_each_tournament_once(studio: StudioCaller) -> None:
    # Twelve hours of entries and an hour of lead: thirteen tournaments are due at once.
    uid = make(studio, rule=hourly(), schedules_before_seconds=12 * HOUR, sponsored_amount=7)
    due = occurrences_due(100)
    assert len(due) == 13
    at_once(8, sweep_series)
    sweep_series()
    made = [row.tournament_id for row in stored(uid) if row.tournament_id]
    assert len(made) == len(set(made)) == Tournament.objects.count() == len(due)
    assert sponsor(studio) == -7 * len(due)


def test_parallel_workers_plan_each_occurrence_once(studio: StudioCaller) -> None:
    uid = make(studio)
    SeriesOccurrence.objects.all().delete()
    row = TournamentSeries.objects.get(pk=uid)
    TournamentSeries.objects.update(planned_to=row.created_at, plan_at=row.created_at)
    at_once(8, sweep_series)
    assert len(stored(uid)) == 5


def test_an_occurrence_is_made_by_one_worker(studio: StudioCaller) -> None:
    uid = make(studio, rule=hourly(), schedules_before_seconds=HOUR)
    first = stored(uid)[0]
    with holding("SELECT 1 FROM esports_seriesoccurrence WHERE id = %s FOR UPDATE", [first.pk]):
        make_occurrence(occurrence_id=first.pk)
        assert Tournament.objects.count() == 0
    make_occurrence(occurrence_id=first.pk)
    assert Tournament.objects.count() == 1


def test_a_pause_waits_for_a_running_creation_and_keeps_the_tournament(studio: StudioCaller) -> None:
    uid = make(studio, rule=hourly(), schedules_before_seconds=HOUR)
    first = stored(uid)[0]
    with holding("SELECT 1 FROM esports_seriesoccurrence WHERE id = %s FOR UPDATE", [first.pk]):
        (pause,) = begin_blocked(lambda: studio.patch(at(uid), {"active": False}))
    pause.result().ok()
    assert stored(uid) == []
    sweep_series()
    assert Tournament.objects.count() == 0


def test_parallel_changes_and_sweeps_keep_each_tournaments_occurrence(studio: StudioCaller) -> None:
    uid = make(studio, rule=hourly(), schedules_before_seconds=6 * HOUR)
    changes = [lambda n=n: studio.patch(at(uid), {"title": f"Cup {n}"}).ok() for n in range(4)]
    together([*changes, *[sweep_series] * 4])
    sweep_series()
    made = {row.tournament_id for row in stored(uid) if row.tournament_id}
    assert made == set(Tournament.objects.values_list("pk", flat=True))
    starts = [row.starts_at for row in stored(uid)]
    assert len(starts) == len(set(starts))


def test_parallel_requests_with_one_key_create_one_series(studio: StudioCaller) -> None:
    answers = at_once(10, lambda: studio.post(SERIES, body(), key="k"))
    assert set(outcomes(answers)) <= {(201, ""), (409, "IDEMPOTENCY_IN_PROGRESS")}
    assert len(studio.get(SERIES).ok()) == 1

"""Sweeps beside each other and beside those who play: nobody waits for a sweep's whole work, nothing is left."""

from uuid import UUID

import pytest

from esports.services.cancelling import book_cancellation, book_cancellations
from tests.support.http import GamerCaller, StudioCaller
from tests.support.organising import is_refunded
from tests.support.threads import begin_blocked, holding, holding_seats, ledger_faults
from tests.support.time import move


@pytest.fixture
def db(committed: None) -> None:
    """Here it means committed rows. pytest-django makes the test database for tests that ask for this name only."""


@pytest.fixture
def due(db: None, studio: StudioCaller, gamer: GamerCaller) -> str:
    """A tournament that ended below its minimum with one gamer in it."""
    uid = studio.tournament()
    gamer.join(uid).ok()
    move(uid, locks_at=-0.001, ends_at=0)
    return uid


def test_a_sweep_skips_a_tournament_that_another_sweep_handles(
    due: str, other_studio: StudioCaller, gamer: GamerCaller
) -> None:
    neighbour = other_studio.tournament()
    move(neighbour, locks_at=-0.001, ends_at=0)
    with holding("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"sweep:{due}"]):
        assert book_cancellation(tournament_id=UUID(due)) is False
        assert book_cancellations() == 2
        assert (is_refunded(due), is_refunded(neighbour)) == (False, True)
    assert book_cancellations() == 1
    assert (is_refunded(due), gamer.buckets()) == (True, (50, 0, 0))
    assert ledger_faults() == []


def test_a_sweep_waits_for_the_lock_of_the_field(due: str, gamer: GamerCaller) -> None:
    with holding_seats(due):
        (sweep,) = begin_blocked(book_cancellations)
        assert not is_refunded(due)
    assert sweep.result() == 1
    assert (is_refunded(due), gamer.buckets()) == (True, (50, 0, 0))


def test_a_late_join_takes_no_lock(due: str, studio: StudioCaller) -> None:
    late = studio.gamer("late")
    with holding_seats(due):
        late.join(due).refused(400, "TOURNAMENT_IS_NOT_LIVE")

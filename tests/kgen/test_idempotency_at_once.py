"""Idempotency-Key while the first request is still running, or was killed: real connections, real commits."""

import pytest
from django.db import connection

from kgen.models import IdempotencyKey
from tests.support.http import GamerCaller, StudioCaller
from tests.support.rows import snapshot
from tests.support.threads import Runner, begin_blocked, holding_seats, outcomes, together
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def uid(committed: None, studio: StudioCaller) -> str:
    """A tournament."""
    return studio.tournament()


def test_a_key_of_a_running_request_is_refused_as_in_progress(gamer: GamerCaller, uid: str) -> None:
    with holding_seats(uid):
        [first] = begin_blocked(lambda: gamer.join(uid, key="k"))
        told = gamer.join(uid, key="k")
        told.refused(409, "IDEMPOTENCY_IN_PROGRESS")
        assert told.headers["Retry-After"] == "1"
        gamer.join(uid, 11, key="k").refused(409, "IDEMPOTENCY_IN_PROGRESS")
    first.result().ok()
    again = gamer.join(uid, key="k")
    assert (again.headers["Idempotent-Replayed"], again.content) == ("true", first.result().content)
    assert gamer.buckets() == (40, 0, 0)


def test_a_running_key_does_not_delay_other_keys(studio: StudioCaller, gamer: GamerCaller, uid: str) -> None:
    other, other_uid = studio.gamer("player-2"), studio.tournament()
    with holding_seats(uid):
        [first] = begin_blocked(lambda: gamer.join(uid, key="k"))
        other.join(other_uid, key="k").ok()
        gamer.join(other_uid, key="another").ok()
    first.result().ok()


def test_many_requests_at_once_with_one_key_take_effect_once(studio: StudioCaller, gamer: GamerCaller) -> None:
    body = {"title": "Cup", "buy_in_price": 1, "tournament_size": 5, "ends_at_timestamp": "2030-01-01T00:00:00Z"}
    answers = together([lambda: studio.post("/s2s/esports/tournaments", body, key="k")] * 12)
    made = [answer for answer in answers if answer.status == 201]
    assert len(made) + outcomes(answers)[409, "IDEMPOTENCY_IN_PROGRESS"] == 12
    assert [answer.headers.get("Idempotent-Replayed") for answer in made].count(None) == 1
    assert len({answer.content for answer in made}) == 1
    assert len(studio.get("/s2s/esports/tournaments").ok()) == 1


def kill(runner: Runner) -> None:
    """End the database's side of a request that waits for a lock, as the death of its process would."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        assert cursor.fetchone() == (1,)
    eventually(lambda: not runner.is_alive())


def test_a_killed_request_writes_no_row_and_frees_its_key(gamer: GamerCaller, uid: str) -> None:
    before = snapshot()
    with holding_seats(uid):
        [killed] = begin_blocked(lambda: gamer.join(uid, key="k"))
        kill(killed)
        answer = killed.result()
        answer.refused(503, "UNAVAILABLE")
        assert answer.headers["Retry-After"] == "2"
        assert snapshot() == before
        [second] = begin_blocked(lambda: gamer.join(uid, key="k"))
    second.result().ok()
    assert "Idempotent-Replayed" not in second.result().headers
    assert gamer.join(uid, key="k").headers["Idempotent-Replayed"] == "true"
    assert gamer.buckets() == (40, 0, 0)
    assert IdempotencyKey.objects.count() == 1

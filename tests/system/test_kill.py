"""kill -9 of anything while gamers play: what was acknowledged is there afterwards, and nothing is there twice."""

import os
import signal
import time

import pytest

from tests.support.stack import Stack
from tests.support.waiting import eventually
from tests.system.load import CONNECTION_LOST, Load

pytestmark = pytest.mark.long

DONE = (200, "")
UNAVAILABLE = (503, "UNAVAILABLE")
# A try whose answer was lost may still be at work when the client asks again.
AT_WORK = (409, "IDEMPOTENCY_IN_PROGRESS")

# What clients may be told besides 200 while it is gone.
VICTIMS = {
    "a web worker": {CONNECTION_LOST, AT_WORK},
    "web": {CONNECTION_LOST, AT_WORK},
    "the celery worker": set(),
    "the messenger": set(),
    "beat": set(),
    "Valkey": set(),
    "a database connection": {UNAVAILABLE, AT_WORK},
    "PostgreSQL": {UNAVAILABLE, AT_WORK},
}
# What some of them must have been told: it was gone, after all.
NOTICED = {"web": CONNECTION_LOST, "PostgreSQL": UNAVAILABLE}


@pytest.mark.parametrize("victim", VICTIMS)
def test_killing_one_process_loses_and_doubles_no_acknowledged_call(stack: Stack, victim: str) -> None:
    with Load(stack, victim) as load:
        load.await_more(5)
        process = stack.process(victim)
        process.kill()
        eventually(lambda: not process.lives())
        died_at = time.monotonic()
        eventually(lambda: stack.is_whole(since=died_at))
        load.await_more(5)
    load.raise_faults()
    assert set(load.outcomes) - {DONE} <= VICTIMS[victim], load.outcomes
    assert victim not in NOTICED or load.outcomes[NOTICED[victim]] > 0
    check_kept(stack, load)


def test_calls_go_on_while_valkey_hangs(stack: Stack) -> None:
    with Load(stack, "frozen") as load:
        load.await_more(2)
        process = stack.process("Valkey")
        os.kill(process.pid, signal.SIGSTOP)
        try:
            load.await_more(5)
            said = stack.readiness()
        finally:
            os.kill(process.pid, signal.SIGCONT)
        assert (said["status"], said["database"], said["broker"]) == ("ok", "ok", "away")
        woken_at = time.monotonic()
        eventually(lambda: stack.is_whole(since=woken_at))
    load.raise_faults()
    assert set(load.outcomes) == {DONE}
    check_kept(stack, load)


def test_killing_every_process_loses_and_doubles_no_acknowledged_call(stack: Stack) -> None:
    with Load(stack, "everything") as load:
        load.await_more(3)
        family = stack.launcher.family()
        # The database first: an orderly end of the others must not find it alive.
        for process in (stack.process("PostgreSQL"), stack.process("Valkey"), stack.process("web")):
            process.kill()
        stack.launcher.process.kill()
        stack.launcher.end()
        eventually(lambda: not any(process.lives() for process in family))
        stack.start()
        load.await_more(3)
        eventually(stack.is_whole)
    load.raise_faults()
    assert set(load.outcomes) - {DONE} <= {CONNECTION_LOST, UNAVAILABLE, AT_WORK}, load.outcomes
    check_kept(stack, load)


def check_kept(stack: Stack, load: Load) -> None:
    """Whatever was acknowledged is in the database once; what was only begun is there once or not at all."""
    facts = {user_id: numbers for user_id, *numbers in stack.rows(_KEPT, load.uid)}
    assert set(facts) <= {record.user_id for record in load.records}
    for record in load.records:
        participations, stakes, events, score = facts.get(record.user_id, [0, 0, 0, None])
        assert participations == stakes
        assert participations == 1 if record.joined else participations in (0, 1)
        assert record.scores <= events <= record.scores_begun
        assert (score or 0) == events
    assert sum(record.scores for record in load.records) >= 20


_KEPT = """
SELECT gamer.user_id, count(DISTINCT stay.id),
       (SELECT count(*) FROM wallet_transaction paid WHERE paid.wallet_id = gamer.wallet_id AND paid.kind = 'JOIN'),
       count(event.id), max(stay.score)
  FROM esports_participation stay
  JOIN users_gamer gamer ON gamer.id = stay.gamer_id
  LEFT JOIN esports_scoreevent event ON event.participation_id = stay.id
 WHERE stay.tournament_id = %s GROUP BY gamer.id
"""

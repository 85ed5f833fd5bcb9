"""The server's processes: ended in order, killed, and started where they cannot be."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from tests.support.addresses import BALANCE
from tests.support.http import GamerCaller, StudioCaller
from tests.support.launcher import CHECKOUT, descendants
from tests.support.threads import holding_seats
from tests.support.waiting import eventually
from tests.support.web import Web, connections_of, listeners, request, serving

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def pair(django_db_setup: None, tmp_path: Path) -> Iterator[Web]:
    """A server with two workers of its own test."""
    with serving(tmp_path, workers=2) as web:
        eventually(lambda: listeners(web.port) == 2)
        yield web


def score(gamer: GamerCaller, uid: str, value: int) -> bytes:
    """A score, as it goes over the wire."""
    body = {"metadata": {"tournamentId": uid}, "payload": {"score": {"value": value}}}
    return request("POST", f"/fe/esports/tournaments/{uid}/score", gamer.headers, json.dumps(body).encode())


def waits_for_a_lock() -> bool:
    """Whether a statement of the server waits for somebody."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def test_a_request_that_has_begun_is_answered_before_the_end(
    pair: Web, studio: StudioCaller, gamer: GamerCaller
) -> None:
    uid = studio.tournament()
    body = json.dumps({"joiningStake": 10}).encode()
    wire = pair.wire()
    with holding_seats(uid):
        wire.send(request("POST", f"/fe/esports/tournaments/{uid}/join", gamer.headers, body))
        eventually(waits_for_a_lock)
        pair.process.send_signal(signal.SIGTERM)
        eventually(lambda: listeners(pair.port) == 0)
        assert pair.process.poll() is None
    answer = wire.reply()
    assert answer.status == 200
    assert wire.is_closed()
    assert pair.process.wait(30) == 0
    assert gamer.balance()["bonus_balance"] == 40


def test_a_killed_worker_is_replaced_while_the_other_goes_on(pair: Web, gamer: GamerCaller) -> None:
    killed, other = pair.workers()
    killed.kill()
    # Only when the last of its threads is gone has it let go of its connections.
    eventually(lambda: not Path(f"/proc/{killed.pid}").exists())
    for _ in range(20):
        assert pair.ask("GET", BALANCE, gamer.headers).status == 200
    eventually(lambda: listeners(pair.port) == 2)
    assert other in pair.workers()


def test_workers_end_by_themselves_when_their_parent_is_killed(pair: Web) -> None:
    family = descendants(pair.process.pid)
    assert len(family) >= 2
    pair.process.kill()
    eventually(lambda: not any(process.lives() for process in family))


def start(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Start a server that cannot be."""
    command = [sys.executable, "-m", "kgen.serving", *options]
    environ = os.environ | environment
    return subprocess.run(command, cwd=CHECKOUT, env=environ, capture_output=True, text=True, timeout=60)


def test_a_port_in_use_is_told_in_one_line() -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]
        told = start("--port", str(port))
    assert (told.returncode, told.stderr) == (1, f"kgen: cannot serve at 127.0.0.1:{port}: Address already in use\n")


def test_a_bad_setting_ends_all_workers_with_one_line_each(web: Web) -> None:
    told = start("--port", "0", "--workers", "1", KGEN_CREDENTIAL_CACHE_MS="many")
    assert told.returncode == 78
    assert told.stderr.count("\n") == 1
    assert "KGEN_CREDENTIAL_CACHE_MS" in told.stderr


def test_a_caller_that_does_not_wait_has_scored_or_not_and_nothing_is_left_behind(
    web: Web, studio: StudioCaller, gamer: GamerCaller
) -> None:
    uid = studio.tournament(score_operator="sum", score_source="any")
    gamer.join(uid).ok()
    before = web.ask("GET", BALANCE, gamer.headers).status
    for _ in range(30):
        web.wire().send(score(gamer, uid, 1)).close()
    wire = web.wire()
    total = wire.send(score(gamer, uid, 1)).reply().status
    wire.close()
    assert (before, total) == (200, 200)
    eventually(lambda: connections_of(web) == 0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT score FROM esports_participation WHERE tournament_id = %s", [uid])
        assert 1 <= cursor.fetchone()[0] <= 31
    assert not web.lines("Traceback")

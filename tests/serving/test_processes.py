"""The server's processes: they end in order, are killed, or cannot start."""

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

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("committed")]


@pytest.fixture
def pair(django_db_setup: None, tmp_path: Path) -> Iterator[Web]:
    """A server with two workers, for one test."""
    with serving(tmp_path, workers=2) as web:
        eventually(lambda: listeners(web.port) == 2)
        yield web


def score(gamer: GamerCaller, uid: str, value: int) -> bytes:
    """The bytes of a request that posts a score."""
    body = {"metadata": {"tournamentId": uid}, "payload": {"score": {"value": value}}}
    return request("POST", f"/fe/esports/tournaments/{uid}/score", gamer.headers, json.dumps(body).encode())


def waits_for_a_lock() -> bool:
    """Whether a statement of the server waits for a lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def test_a_request_in_progress_is_answered_and_logged_before_the_server_ends(
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
    assert [line for line in pair.lines(answer.headers["x-request-id"]) if "request" in line], "its log line is written"


def test_a_killed_worker_is_replaced_while_the_other_serves(pair: Web, gamer: GamerCaller) -> None:
    killed, other = pair.workers()
    killed.kill()
    # Its connections are closed only when its last thread is gone.
    eventually(lambda: not Path(f"/proc/{killed.pid}").exists())
    for _ in range(20):
        assert pair.ask("GET", BALANCE, gamer.headers).status == 200
    eventually(lambda: listeners(pair.port) == 2)
    assert other in pair.workers()


def test_workers_end_when_their_parent_is_killed(pair: Web) -> None:
    family = descendants(pair.process.pid)
    assert len(family) >= 2
    pair.process.kill()
    eventually(lambda: not any(process.lives() for process in family))


def start(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Start a server that cannot start."""
    command = [sys.executable, "-m", "kgen.serving", *options]
    environ = os.environ | environment
    return subprocess.run(command, cwd=CHECKOUT, env=environ, capture_output=True, text=True, timeout=60)


def test_a_port_in_use_gives_one_line_and_exit_code_1() -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]
        ended = start("--port", str(port))
    assert (ended.returncode, ended.stderr) == (1, f"kgen: cannot serve at 127.0.0.1:{port}: Address already in use\n")


def test_a_bad_setting_ends_the_server_with_one_line_and_its_exit_code(web: Web) -> None:
    ended = start("--port", "0", "--workers", "1", KGEN_CREDENTIAL_CACHE_MS="many")
    assert ended.returncode == 78
    assert ended.stderr.count("\n") == 1
    assert "KGEN_CREDENTIAL_CACHE_MS" in ended.stderr


def test_clients_that_disconnect_leave_whole_scores_and_no_connections(
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

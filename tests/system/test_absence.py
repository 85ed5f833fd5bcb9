"""No worker, no beat and no Valkey for a while: play goes on, and when they are back everything due is done once."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from pytest_django import DjangoDbBlocker

from kgen.local import product
from kgen.local.home import Home
from kgen.local.services import Services
from kgen.local.valkey import Valkey
from tests.support.databases import another_database
from tests.support.launcher import CHECKOUT, Launcher, free_port
from tests.support.listener import Listener, listening
from tests.support.waiting import START_SECONDS, eventually

pytestmark = pytest.mark.long

# What does it starts eight programs; on a busy machine that alone takes a quarter of a minute.
BACK_SECONDS = 60
WORKERS, BEATS = 3, 2
PLAYERS, FULL, UNDER_FILLED = 5, 3, 3
STAKE, EARNED = 10, 300

# What `run` runs: it says how the product is to be started, and stays until it is told to end.
TELL = """
import json, os, signal, sys
print(json.dumps(dict(os.environ)), flush=True)
signal.pause()
"""
# Money out needs prizes and a phone, and both need workers: these were got while there were some.
PREPARE = """
from tests.support.http import GamerCaller
from tests.support.withdrawals import earn, link
gamer = GamerCaller(user_id="g0", session={"third_party_client_id": "CLIENT"})
earn(gamer, EARNED)
link(gamer)
"""


@dataclass
class Parts:
    """The product's programs, each started by hand, on a database of their own."""

    home: Path
    services: Services
    valkey: Valkey
    web: product.WebOptions
    facts: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, name: str, command: Any) -> None:
        """Start a program of the product."""
        with (self.home / f"{name}.out").open("wb") as output:
            self.started.append(
                subprocess.Popen(
                    list(command),
                    cwd=CHECKOUT,
                    env=self.services.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )

    def start_what_was_away(self) -> None:
        """Valkey, three workers of each kind and two beats, all at once."""
        self.valkey.prepare()
        self.start("valkey", self.valkey.spec().command)
        for number in range(WORKERS):
            for program in (product.worker, product.messenger):
                service = program(Home(self.home), self.services)
                name = f"{service.name}-{number}"
                self.start(name, [*service.command, "--hostname", f"{name}@%h"])
        for number in range(BEATS):
            folder = self.home / f"beat-{number}"
            folder.mkdir()
            self.start(f"beat-{number}", product.beat(Home(folder), self.services).command)

    def end(self) -> None:
        """End all that was started, the last one first; what hangs is killed with all that it has started."""
        for process in reversed(self.started):
            process.send_signal(signal.SIGTERM)
        for process in reversed(self.started):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(10)

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a management command."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=CHECKOUT,
            env=self.services.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def prepare(self, *arguments: str) -> str:
        """Run a management command that must succeed; its last line."""
        done = self.manage(*arguments)
        assert done.returncode == 0, done.stderr
        return (done.stdout.strip().splitlines() or [""])[-1]

    def rows(self, sql: str, *arguments: object) -> list[tuple[Any, ...]]:
        """Ask the database."""
        with psycopg.connect(self.services.database_url) as connection:
            return connection.execute(sql, arguments).fetchall()

    def end_tournaments(self, uids: list[str]) -> None:
        """Their end is now."""
        with psycopg.connect(self.services.database_url) as connection:
            assert connection.execute(_END, [uids]).rowcount == len(uids)


@pytest.fixture
def parts(django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path: Path) -> Iterator[Parts]:
    """The product with web only: nobody sweeps, and nobody listens where it looks for Valkey."""
    arguments = ("run", "--", sys.executable, "-c", TELL)
    with ExitStack() as ending:
        given = {"DATABASE_URL": ending.enter_context(another_database(django_db_blocker))}
        launcher = Launcher(CHECKOUT, tmp_path / "home", arguments=arguments, environment=given)
        launcher.start()
        ending.callback(launcher.stop, signal.SIGTERM)
        assert launcher.process.stdout
        said = next(line for line in launcher.process.stdout if line.startswith("{"))
        (tmp_path / "parts").mkdir()
        valkey = Valkey(Home(tmp_path / "parts"), tmp_path)
        environment = json.loads(said) | {"REDIS_URL": valkey.url}
        services = Services(environment["DATABASE_URL"], valkey.url, environment)
        parts = Parts(tmp_path / "parts", services, valkey, product.WebOptions(free_port(), workers=1, threads=8))
        parts.facts = json.loads(parts.prepare("seed_demo"))
        ending.callback(parts.end)
        parts.start("web", product.web(Home(parts.home), services, parts.web).command)
        eventually(parts.web.ready, START_SECONDS)
        yield parts


@dataclass
class Played:
    """What was played while nobody swept."""

    full: list[str]
    under_filled: list[str]
    withdrawal_id: str


def play(parts: Parts, listener: Listener, call: Callable[..., Any]) -> Played:
    """Three tournaments that all play and three that are too small, all of them ended, and a withdrawal."""
    call("POST", "/s2s/webhooks", {"url": listener.url})
    gamers = []
    for number in range(PLAYERS):
        session = call("POST", "/s2s/session", {"user_id": f"g{number}"})
        gamers.append({"user-jwt-token": session["access_token"]})
    parts.prepare("shell", "-c", PREPARE.replace("CLIENT", parts.facts["client_id"]).replace("EARNED", str(EARNED)))
    uids = []
    for number in range(FULL + UNDER_FILLED):
        made = {"buy_in_price": STAKE, "tournament_size": 10, "ends_at_timestamp": "2030-01-01T00:00:00Z"}
        uid = call("POST", "/s2s/esports/tournaments", {"title": f"Cup {number}"} | made)["tournament_uid"]
        # Each small one has another gamer alone, so that the bonus covers all stakes.
        players = gamers if number < FULL else [gamers[number - FULL + 1]]
        for value, gamer in enumerate(players):
            call("POST", f"/fe/esports/tournaments/{uid}/join", {"joiningStake": STAKE}, gamer)
            score = {"metadata": {"tournamentId": uid}, "payload": {"score": {"value": value}}}
            call("POST", f"/fe/esports/tournaments/{uid}/score", score, gamer)
        uids.append(uid)
    parts.end_tournaments(uids)
    withdrawal = call("POST", "/fe/wallet/withdraw", {"amount": EARNED}, gamers[0])
    assert withdrawal["status"] == "REQUESTED"
    return Played(uids[:FULL], uids[FULL:], withdrawal["withdrawal_id"])


def booked(parts: Parts) -> Counter[str]:
    """How many ledger transactions there are by kind, without those of the play itself."""
    return Counter(
        dict(parts.rows("SELECT kind, count(*) FROM wallet_transaction WHERE kind = ANY(%s) GROUP BY 1", DUTIES))
    )


DUTIES = ["REFUND", "SETTLEMENT", "PAYOUT", "WITHDRAW_REVERSAL", "REWARD", "REWARD_EXPIRY"]


def events_received(listener: Listener) -> Counter[tuple[str, str]]:
    """How often each thing was told of what: (type, id)."""
    bodies = [json.loads(heard.body) for heard in list(listener.heard)]
    return Counter(
        (body["type"], body["data"].get("tournament_uid") or body["data"]["withdrawal_id"]) for body in bodies
    )


def expected_events(parts: Parts, played: Played) -> Counter[tuple[str, str]]:
    """Everything once, the start of the demo game's own tournament too."""
    full = ("tournament.started", "tournament.completed", "tournament.settled")
    small = ("tournament.started", "tournament.cancelled")
    expected = [(type, uid) for uid in played.full for type in full]
    expected += [(type, uid) for uid in played.under_filled for type in small]
    expected += [("tournament.started", parts.facts["tournament_uid"]), ("withdrawal.paid", played.withdrawal_id)]
    return Counter(expected)


def test_everything_due_while_all_workers_were_away_is_done_once(parts: Parts) -> None:
    studio = {"x-client-id": parts.facts["client_id"], "x-client-secret": parts.facts["client_secret"]}
    with httpx.Client(base_url=parts.web.base_url, timeout=20) as http, listening() as listener:

        def call(method: str, path: str, body: Any = None, headers: dict[str, str] = studio) -> Any:
            answer = http.request(method, path, json=body, headers=headers)
            assert answer.is_success, (path, answer.text)
            return answer.json()

        played = play(parts, listener, call)
        ready = call("GET", "/readyz")
        assert (ready["database"], ready["broker"], ready["last_sweep_age_seconds"]) == ("ok", "away", None)
        assert ready["last_run_age_seconds"] == {"codes": None, "payouts": None, "webhooks": None}
        status = dict.fromkeys(played.full, "COMPLETED") | dict.fromkeys(played.under_filled, "CANCELLED")
        for uid, said in status.items():
            assert call("GET", f"/s2s/esports/tournaments/{uid}")["tournament_status"] == said
        assert (booked(parts), events_received(listener)) == (Counter(), Counter())

        began = time.monotonic()
        parts.start_what_was_away()
        expected = expected_events(parts, played)
        due = Counter({"SETTLEMENT": FULL, "REFUND": UNDER_FILLED, "PAYOUT": 1})
        eventually(lambda: booked(parts) >= due and events_received(listener) >= expected, BACK_SECONDS)
        sys.stderr.write(f"\nall that was due was done after {time.monotonic() - began:.1f} s\n")

        for _ in range(2):
            await_sweep(parts)
        assert booked(parts) == due
        assert events_received(listener) == expected
        assert len({heard.headers["webhook-id"] for heard in listener.heard}) == expected.total()
        check_each_once(parts, played)
        paid = call("GET", "/s2s/wallet/g0/balance")
        assert (paid["bonus_balance"], paid["earned_balance"], paid["held_balance"]) == (50 - FULL * STAKE, 0, 0)
    proof = parts.manage("verify_ledger")
    assert proof.returncode == 0, proof.stderr


def await_sweep(parts: Parts) -> None:
    """A sweep that began later than now, and each duty, has come through: they found nothing to do again."""
    ((now,),) = parts.rows("SELECT clock_timestamp()")
    eventually(lambda: parts.rows("SELECT count(*) FROM kgen_heartbeat WHERE at > %s", now) == [(4,)])


def check_each_once(parts: Parts, played: Played) -> None:
    """Every duty by its own reference, each with one transaction."""
    participations = parts.rows(
        "SELECT id FROM esports_participation WHERE tournament_id = ANY(%s)", played.under_filled
    )
    references = [f"settlement:{uid}" for uid in played.full]
    references += [
        f"withdrawal:{played.withdrawal_id}:paid",
        *(f"refund:{participation}" for (participation,) in participations),
    ]
    found = parts.rows("SELECT reference FROM wallet_transaction WHERE kind = ANY(%s)", DUTIES)
    assert sorted(reference for (reference,) in found) == sorted(references)
    tries = parts.rows("SELECT kind, outcome FROM wallet_payoutattempt")
    assert tries == [("send", "paid")]
    assert parts.rows("SELECT DISTINCT state, tries FROM kgen_webhookdelivery") == [("DELIVERED", 1)]
    rewards = parts.rows("SELECT count(*), sum(amount) FROM rewards_reward WHERE tournament_id = ANY(%s)", played.full)
    assert rewards == [(FULL * 2, FULL * 25)]


_END = """
UPDATE esports_tournament
   SET schedules_at = least(schedules_at, now()), moves_to_lobby_at = least(moves_to_lobby_at, now()),
       starts_at = least(starts_at, now()), locks_at = least(locks_at, now()), ends_at = now()
 WHERE id = ANY(%s::uuid[])
"""

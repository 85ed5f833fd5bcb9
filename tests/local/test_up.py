"""`up`: what it leaves, what a second start repeats, where it works."""

import json
import os
import shutil
import signal
import stat
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
import redis

from tests.local.stub import make_checkout
from tests.support.launcher import Launcher, Query, all_gone, launched
from tests.support.waiting import eventually


def calls(home: Path) -> list[str]:
    """The management commands that were run since the warm home was made."""
    path = home / "calls.txt"
    return path.read_text().splitlines() if path.exists() else []


def test_a_first_start_migrates_seeds_and_prints_the_addresses(checkout: Path, tmp_path: Path) -> None:
    launcher = Launcher(checkout, tmp_path / "home")
    launcher.start()
    panel = launcher.await_ready()
    assert calls(launcher.home) == ["migrate --no-input", "seed_demo"]
    facts = json.loads((launcher.home / "quickstart.json").read_text())
    assert facts["base_url"] == f"http://127.0.0.1:{launcher.port}"
    for name in ("base_url", "client_id", "client_secret", "operator_username", "operator_password"):
        assert facts[name] in panel
    assert redis.from_url(facts["redis_url"]).ping()
    eventually(launcher.page)
    assert launcher.stop() == 0
    for name in ("quickstart.json", "secrets.json", "web.log"):
        assert stat.S_IMODE((launcher.home / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(launcher.home.stat().st_mode) == 0o700


def test_a_warm_start_keeps_data_and_secrets_and_runs_no_command(checkout: Path, home: Path, query: Query) -> None:
    secrets = (home / "secrets.json").read_text()
    launcher = Launcher(checkout, home)
    with launched(launcher):
        query(launcher, "CREATE TABLE kept AS SELECT 7 AS it")
    with launched(launcher):
        assert query(launcher, "SELECT it FROM kept") == "7"
    assert calls(home) == []
    assert (home / "secrets.json").read_text() == secrets


def test_only_the_web_server_listens_on_tcp(up: Launcher, query: Query) -> None:
    assert query(up, "SHOW listen_addresses") == ""
    assert query(up, "SHOW fsync") == "on"
    facts = json.loads((up.home / "quickstart.json").read_text())
    settings = redis.from_url(facts["redis_url"]).config_get("*")
    assert (settings["port"], settings["appendonly"], settings["maxmemory-policy"]) == (
        "0",
        "yes",
        "noeviction",
    )
    folder = Path(parse_qs(urlsplit(facts["database_url"]).query)["host"][0])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_changed_migrations_run_and_the_demo_is_not_seeded_again(tmp_path: Path, home: Path) -> None:
    checkout = make_checkout(tmp_path / "checkout")
    (checkout / "game/migrations/0002_more.py").write_text("# more")
    with launched(Launcher(checkout, home)):
        pass
    assert calls(home) == ["migrate --no-input"]


def test_a_demo_that_ends_within_a_day_is_seeded_again(checkout: Path, home: Path) -> None:
    facts = json.loads((home / "quickstart.json").read_text())
    soon = datetime.now(UTC) + timedelta(hours=23)
    (home / "quickstart.json").write_text(json.dumps(facts | {"tournament_ends_at": soon.isoformat()}))
    with launched(Launcher(checkout, home)):
        pass
    assert calls(home) == [f"seed_demo --facts {home}/quickstart.json"]


def test_another_port_changes_the_facts_without_seeding(checkout: Path, home: Path) -> None:
    launcher = Launcher(checkout, home)
    with launched(launcher):
        facts = json.loads((home / "quickstart.json").read_text())
    assert facts["base_url"].endswith(f":{launcher.port}")
    assert calls(home) == []


def test_given_servers_are_used_and_no_other_is_started(checkout: Path, up: Launcher, tmp_path: Path) -> None:
    facts = json.loads((up.home / "quickstart.json").read_text())
    given = {"DATABASE_URL": facts["database_url"], "REDIS_URL": facts["redis_url"]}
    other = Launcher(checkout, tmp_path / "other", environment=given)
    with launched(other):
        assert not [one for one in other.family() if "postgres" in one.command or "valkey" in one.command]
        own = json.loads((other.home / "quickstart.json").read_text())
        assert {name: own[name] for name in ("database_url", "redis_url")} == {
            "database_url": given["DATABASE_URL"],
            "redis_url": given["REDIS_URL"],
        }
    # The other's stop has not touched what it did not start.
    eventually(up.page)


@pytest.mark.parametrize("name", ["with a space", "x" * 120, "with'quote,comma"])
def test_the_stack_starts_under_any_path(warm_home: Path, tmp_path: Path, name: str) -> None:
    checkout = make_checkout(tmp_path / "c" / name)
    launcher = Launcher(checkout, checkout / ".kgen")
    shutil.copytree(warm_home, launcher.home)
    with launched(launcher):
        facts = json.loads((launcher.home / "quickstart.json").read_text())
        sockets = Path(parse_qs(urlsplit(facts["database_url"]).query)["host"][0])
        with psycopg.connect(facts["database_url"]) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert redis.from_url(facts["redis_url"]).ping()
    assert sockets.is_relative_to(launcher.home) or not sockets.exists(), "a temporary folder is removed"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_signal_stops_every_process_cleanly(up: Launcher, number: int) -> None:
    family = up.family()
    assert up.stop(number) == 0
    assert all_gone(family)
    assert "database system is shut down" in (up.home / "postgres.log").read_text().splitlines()[-1]


def test_a_second_interrupt_stops_the_stack_at_once(checkout: Path, home: Path) -> None:
    launcher = Launcher(checkout, home)
    launcher.start()
    launcher.await_whole()
    family = launcher.family()
    # Stopped, it hears nothing and keeps everything up until its grace is over.
    worker = launcher.member("celery", "worker")
    os.kill(worker.pid, signal.SIGSTOP)
    launcher.process.send_signal(signal.SIGINT)
    eventually(lambda: not launcher.members("kgen.serving"))

    def gone_when_pressed() -> bool:
        launcher.process.send_signal(signal.SIGINT)
        return all_gone(family)

    eventually(gone_when_pressed)
    assert launcher.end()[0] == 0
    # After a first interrupt alone the databases are stopped with patience, whatever the worker did.
    assert "received immediate shutdown request" in (home / "postgres.log").read_text()


def test_run_gives_a_command_its_servers_and_returns_its_exit_code(checkout: Path, tmp_path: Path) -> None:
    program = (
        "import os, sys, psycopg, redis; redis.from_url(os.environ['REDIS_URL']).ping();"
        "c = psycopg.connect(os.environ['DATABASE_URL']);"
        "sys.exit(40 + (c.execute('SHOW fsync').fetchone() == ('off',)))"
    )
    arguments = ("run", "--fast", "--home", str(tmp_path / "a/test"), "--", sys.executable, "-c", program)
    launcher = Launcher(checkout, tmp_path / "unused", arguments=arguments).start()
    assert launcher.end() == (41, "")

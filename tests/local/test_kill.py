"""kill -9 of anything: what must end ends, what must go on is restarted, nothing committed is lost."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.launcher import PROGRAMS, Launcher, Query, all_gone, descendants, launched
from tests.support.waiting import eventually

pytestmark = pytest.mark.long


def end_of(launcher: Launcher) -> None:
    """Reap it and close its pipes."""
    launcher.end()


def test_no_process_survives_a_killed_launcher_and_the_data_is_kept(up: Launcher, checkout: Path, query: Query) -> None:
    query(up, "CREATE TABLE kept AS SELECT 7 AS it")
    family = up.family()
    up.process.kill()
    # At once: the new one waits for the watchdog of the old one.
    with launched(Launcher(checkout, up.home, port=up.port)) as again:
        assert all_gone(family)
        assert query(again, "SELECT it FROM kept") == "7"
    end_of(up)


def test_no_process_survives_launcher_and_watchdog_killed_together(up: Launcher) -> None:
    family = up.family()
    up.member("watchdog.py").kill()
    up.process.kill()
    eventually(lambda: all_gone(family))
    end_of(up)


def test_a_killed_watchdog_is_replaced_by_one_that_knows_every_process(up: Launcher) -> None:
    first = up.member("watchdog.py")
    first.kill()
    eventually(lambda: not first.lives() and up.members("watchdog.py"))
    # Stopped main processes cannot react to the kernel's signal: only the watchdog can end their groups.
    family = up.family()
    for words in (("kgen.serving",), ("celery", "worker")):
        os.kill(up.member(*words).pid, signal.SIGSTOP)
    up.process.kill()
    eventually(lambda: all_gone(family))
    end_of(up)


def test_a_stack_ends_when_its_make_ends(checkout: Path, home: Path) -> None:
    launcher = Launcher(checkout, home, environment={"MAKELEVEL": "1"})
    # Stands for make: a parent that waits for the launcher.
    parent = (sys.executable, "-c", "import subprocess, sys; subprocess.run(sys.argv[1:])")
    launcher.start(command=(*parent, sys.executable, "-m", "kgen.local", "up"))
    launcher.await_whole()
    family = launcher.family()
    launcher.process.kill()
    eventually(lambda: all_gone(family))
    end_of(launcher)


def test_a_killed_run_ends_its_command(checkout: Path, tmp_path: Path) -> None:
    arguments = ("run", "--fast", "--home", str(tmp_path / "home"), "--", "sleep", "600")
    launcher = Launcher(checkout, tmp_path / "unused", arguments=arguments).start()
    launcher.member("sleep 600")
    family = launcher.family()
    launcher.process.kill()
    eventually(lambda: all_gone(family))
    end_of(launcher)


def test_killed_services_are_restarted(up: Launcher, query: Query) -> None:
    query(up, "CREATE TABLE kept AS SELECT 7 AS it")
    for words in (("bin/postgres",), ("valkey-server",), *PROGRAMS):
        before = up.member(*words)
        group = [one for one in descendants(before.pid) if "postgres:" not in one.command]
        before.kill()
        # What it leaves behind has the same words for a moment.
        old = [before, *group]
        eventually(lambda words=words, old=old: [one for one in up.members(*words) if one not in old])
        assert all_gone(group), "what a killed main process leaves behind ends before the next one starts"
        eventually(up.page)
        assert query(up, "SELECT it FROM kept") == "7"
    assert up.stop() == 0


def test_a_killed_web_worker_is_replaced(up: Launcher) -> None:
    main, page = up.member("kgen.serving"), eventually(up.page)
    os.kill(int(page), signal.SIGKILL)
    eventually(lambda: up.page() not in (None, page))
    assert main.lives()


def test_a_pid_file_of_another_process_does_not_prevent_the_start(checkout: Path, home: Path) -> None:
    stranger = subprocess.Popen(["sleep", "600"])
    try:
        (home / "postgres/postmaster.pid").write_text(f"{stranger.pid}\n{home}/postgres\n0\n5432\n\n\n\n")
        with launched(Launcher(checkout, home)):
            assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()

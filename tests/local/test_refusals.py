"""What cannot work is refused in one line that names it, with nothing left running."""

import fcntl
import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.launcher import CHECKOUT, Launcher, clean_environment, free_port, launched
from tests.support.waiting import eventually

BAD_SETTING = 78


def refusal(launcher: Launcher) -> tuple[int, str]:
    """Start it: its code and its one line, after which nobody holds its home."""
    code, errors = launcher.start().end()
    assert errors.count("\n") == 1, errors
    with (launcher.home / "stack.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return code, errors.strip()


def test_a_command_without_a_stack_names_the_remedy(tmp_path: Path) -> None:
    command = [sys.executable, "manage.py", "verify_ledger"]
    environment = clean_environment(KGEN_HOME=str(tmp_path))
    told = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=30)
    line = f"kgen: no stack in {tmp_path}: run make up first, or set KGEN_HOME\n"
    assert (told.returncode, told.stdout, told.stderr) == (1, "", line)


def test_a_port_in_use_gives_one_line(checkout: Path, home: Path) -> None:
    with socket.socket() as stranger:
        # Even one that would share it.
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]
        code, line = refusal(Launcher(checkout, home, port=port))
    assert (code, line) == (1, f"kgen: port {port} is in use; choose another: make up PORT={port + 1}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "80a"),
        ("PORT", "0"),
        ("KGEN_WEB_WORKERS", "0"),
        ("DATABASE_URL", "sqlite:///x"),
        ("REDIS_URL", "x"),
    ],
)
def test_a_bad_setting_of_the_launcher_is_refused_in_one_line(
    checkout: Path, home: Path, name: str, value: str
) -> None:
    code, line = refusal(Launcher(checkout, home, environment={name: value}))
    assert code == BAD_SETTING
    assert line.startswith(f"kgen: setting {name}: ")


def test_a_bad_setting_of_the_product_stops_a_warm_start(checkout: Path, home: Path) -> None:
    code, line = refusal(Launcher(checkout, home, environment={"KGEN_BAD": "1"}))
    assert (code, line) == (BAD_SETTING, "kgen: setting KGEN_BAD: is bad")


def test_a_bad_setting_of_the_product_stops_a_first_start(checkout: Path, tmp_path: Path) -> None:
    code, line = refusal(Launcher(checkout, tmp_path / "home", environment={"KGEN_BAD": "1"}))
    assert (code, line) == (BAD_SETTING, "kgen: setting KGEN_BAD: is bad")


def test_a_product_that_cannot_be_loaded_is_refused_in_one_line(checkout: Path, home: Path) -> None:
    code, line = refusal(Launcher(checkout, home, environment={"STUB_CRASH": "1"}))
    assert (code, line) == (1, f"kgen: web did not start: RuntimeError: the wheel came off (log: {home}/web.log)")


def test_an_unreachable_database_is_refused_in_one_line(checkout: Path, home: Path) -> None:
    url = f"postgresql://u:secret@127.0.0.1:{free_port()}/kgen"
    code, line = refusal(Launcher(checkout, home, environment={"DATABASE_URL": url}))
    assert code == 1
    assert line.startswith("kgen: DATABASE_URL: connection to server at")
    assert "Connection refused" in line
    assert "secret" not in line


def test_an_unreachable_broker_is_refused_in_one_line(checkout: Path, home: Path) -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    code, line = refusal(Launcher(checkout, home, environment={"REDIS_URL": url}))
    assert (code, line) == (1, "kgen: REDIS_URL: no server answers there")


def test_a_running_stack_refuses_a_second_start_and_a_reset(checkout: Path, up: Launcher) -> None:
    in_use = f"kgen: a stack is already running in {up.home} (process {up.process.pid})"
    for arguments in (("up",), ("reset",)):
        code, errors = Launcher(checkout, up.home, arguments=arguments).start().end()
        assert (code, errors.strip()) == (1, in_use)
    eventually(up.page)


def test_a_damaged_cluster_is_named(checkout: Path, home: Path) -> None:
    (home / "postgres/global/pg_control").write_bytes(b"")
    code, line = refusal(Launcher(checkout, home))
    assert code == 1
    assert line.startswith("kgen: PostgreSQL did not start: ")
    assert "pg_control" in line


def test_a_folder_with_other_files_is_neither_used_nor_reset(checkout: Path, tmp_path: Path) -> None:
    precious = tmp_path / "home/precious"
    precious.parent.mkdir()
    precious.write_text("mine")
    for arguments in (("up",), ("reset",)):
        code, errors = Launcher(checkout, precious.parent, arguments=arguments).start().end()
        assert code == 1
        assert "not made by kgen" in errors
    assert precious.read_text() == "mine"


def test_a_reset_removes_the_home(checkout: Path, home: Path) -> None:
    assert Launcher(checkout, home, arguments=("reset",)).start().end() == (0, "")
    assert not home.exists()
    with launched(Launcher(checkout, home)):
        assert json.loads((home / "quickstart.json").read_text())["client_id"] == "the-client_id"

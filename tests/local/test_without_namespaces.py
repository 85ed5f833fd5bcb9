"""Root in a container has no user namespaces: there PostgreSQL runs as `nobody`, whichever command comes first."""

import os
import platform
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kgen.local import binaries
from kgen.local.privileges import first_closed_folder
from tests.local import forbidding
from tests.local.stub import make_checkout
from tests.support.launcher import CHECKOUT, Launcher, clean_environment

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root on Linux needs namespaces"),
    pytest.mark.skipif(platform.machine() not in forbidding.UNSHARE, reason="unshare's number is not known here"),
]
FORBID = (sys.executable, forbidding.__file__)
# What `make bench` does before it measures.
BENCH = """
from pathlib import Path
from benchmarks.stack import running_stack
from kgen.local.home import chosen_path
with running_stack(chosen_path() / "bench") as stack:
    print(stack.services.ask("SHOW fsync"))
"""


@pytest.fixture
def fresh() -> Iterator[Path]:
    """A checkout without a `.kgen` on a path that `nobody` may pass, unlike pytest's own folders."""
    folder = Path(tempfile.mkdtemp(prefix="kgen-fresh-"))
    try:
        folder.chmod(0o755)
        for needed in (folder / "checkout", binaries.postgres("postgres")):
            if barrier := first_closed_folder(needed):
                pytest.skip(f"`nobody` may not pass {barrier}")
        checkout = make_checkout(folder / "checkout")
        (checkout / "benchmarks").mkdir()
        for name in ("__init__.py", "stack.py"):
            shutil.copy(CHECKOUT / "benchmarks" / name, checkout / "benchmarks" / name)
        yield checkout
    finally:
        shutil.rmtree(folder)


def run(checkout: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the checkout, without namespaces."""
    environment = clean_environment()
    return subprocess.run(
        [*FORBID, sys.executable, *command], cwd=checkout, env=environment, capture_output=True, text=True, timeout=300
    )


def test_without_namespaces_the_servers_run_as_nobody(fresh: Path) -> None:
    told = run(fresh, "-c", "from kgen.local.privileges import identity; print(identity().value)")
    assert (told.returncode, told.stdout, told.stderr) == (0, "nobody\n", "")


def test_make_up_works_for_root_without_namespaces(fresh: Path) -> None:
    launcher = Launcher(fresh, fresh / ".kgen")
    launcher.start(command=(*FORBID, sys.executable, "-m", "kgen.local", "up"))
    launcher.await_ready()
    assert launcher.stop() == 0


def test_make_test_and_make_check_work_without_namespaces(fresh: Path) -> None:
    options = ("run", "--fast", "--home", ".kgen/test", "--")
    program = "import os, psycopg; print(psycopg.connect(os.environ['DATABASE_URL']).info.status.name)"
    told = run(fresh, "-m", "kgen.local", *options, sys.executable, "-c", program)
    assert (told.returncode, told.stdout, told.stderr) == (0, "OK\n", "")
    assert stat.S_IMODE((fresh / ".kgen/test/secrets.json").stat().st_mode) == 0o600


def test_make_bench_works_for_root_without_namespaces(fresh: Path) -> None:
    told = run(fresh, "-c", BENCH)
    assert (told.returncode, told.stdout.splitlines()[-1:], told.stderr) == (0, ["on"], "")


def test_a_home_below_a_closed_folder_is_refused_and_changes_no_permission(fresh: Path) -> None:
    closed = fresh / "closed"
    closed.mkdir(mode=0o700)
    told = run(fresh, "-m", "kgen.local", "run", "--fast", "--home", "closed/home", "--", "true")
    line = (
        f"kgen: PostgreSQL cannot run as root here, nor as `nobody` below {closed}: "
        "use an ordinary user, or set DATABASE_URL\n"
    )
    assert (told.returncode, told.stderr) == (1, line)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700

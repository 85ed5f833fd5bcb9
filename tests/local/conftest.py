"""A stub product in a checkout of its own, and homes that have been set up once."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.local.stub import make_checkout
from tests.support.launcher import Launcher, Query, launched


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real launcher with the stub product."""
    return make_checkout(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="session")
def warm_home(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose stack has run and was stopped cleanly. To be copied, not used."""
    home = tmp_path_factory.mktemp("warm") / "home"
    launcher = Launcher(checkout, home)
    with launched(launcher):
        pass
    (home / "calls.txt").unlink()
    return home


@pytest.fixture
def home(warm_home: Path, tmp_path: Path) -> Path:
    """A warm home of the test's own."""
    return Path(shutil.copytree(warm_home, tmp_path / "home"))


@pytest.fixture
def up(checkout: Path, home: Path) -> Iterator[Launcher]:
    """A running stack in a warm home."""
    with launched(Launcher(checkout, home)) as launcher:
        yield launcher


@pytest.fixture
def query() -> Query:
    """Ask the database that quickstart.json names."""

    def ask(launcher: Launcher, statement: str) -> str:
        facts = json.loads((launcher.home / "quickstart.json").read_text())
        with psycopg.connect(facts["database_url"], autocommit=True) as connection:
            cursor = connection.execute(statement)
            row = cursor.fetchone() if cursor.description else None
        return str(row[0]) if row else ""

    return ask

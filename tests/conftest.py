"""What every test may ask for: a client, gamers, tournaments, and HTTP against the whole application.

PostgreSQL and Valkey are real; each xdist worker has a database of its own.
"""

import gc
import logging
import os
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections
from django.test.utils import override_settings
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from xdist.scheduler import LoadScopeScheduling

from kgen.fast_path.batch_lane import BatchLane
from tests.support import factories
from tests.support.databases import connect_to, drop_database, empty_all_tables, make_database
from tests.support.http import GamerCaller, Gamers, StudioCaller
from tests.support.ways import Chosen, Way
from users.models import Client

# How long an example takes, or takes to be made, says how busy the machine is.
hypothesis_settings.register_profile("kgen", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("kgen")


@pytest.fixture(scope="session", autouse=True)
def own_cache_keys() -> None:
    """Keys in Valkey begin with the worker's name, as its database does."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    settings.CACHE_PREFIX = f"kgen-test:{worker}:{os.getpid()}"


def folder_of(nodeid: str) -> str:
    """The folder in `tests` that a test is in."""
    return nodeid.split("/")[1]


class OneStackEach(LoadScopeScheduling):
    """Deals tests out one by one, but all of a folder that shares something large to one process.

    xdist's own groups are lost on pytest 9: it adds them to a name that pytest has already read.
    """

    def _split_scope(self, nodeid: str) -> str:
        folder = folder_of(nodeid)
        return folder if folder in SHARING else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneStackEach:
    """Whatever `--dist` says."""
    return OneStackEach(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--long` runs the long tests too."""
    parser.addoption("--long", action="store_true", help="also run the tests marked `long` (make test LONG=1)")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests marked `long` are skipped without `--long`. The folders that share something come first.

    They take longest, and one process has to run all of a folder.
    """
    if not config.getoption("long"):
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(pytest.mark.skip(reason="long: `make test LONG=1` runs it"))
    places = {folder: place for place, folder in enumerate(SHARING)}
    items.sort(key=lambda item: places.get(folder_of(item.nodeid), len(places)))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Garbage is collected between tests, now and then: Python's own rhythm takes a fifth of all their time."""
    gc.collect()
    gc.freeze()
    gc.disable()


def pytest_runtest_logfinish() -> None:
    """After each test."""
    if next(finished) % TESTS_A_COLLECTION == 0:
        gc.collect()


finished, TESTS_A_COLLECTION = count(1), 50

# Folders that share a running product, or for `plans` a game of a year's play; the longest comes first.
SHARING = ("system", "browser", "plans", "serving")

# Tests of what the hot calls promise: they run over both ways of serving them. What is refused takes the ordinary path
# in the end anyhow, and test_both_ways compares the two. The ordinary path has its turn in long runs.
BOTH_WAYS = frozenset(
    {
        "test_balance",
        "test_claims",
        "test_concurrency",
        "test_cors",
        "test_joining",
        "test_leaderboards",
        "test_numbers",
        "test_order",
        "test_paging",
        "test_rates",
        "test_scoring",
        "test_sessions",
        "test_standings",
        "test_transactions",
        "test_visibility",
    }
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Other tests go the way that production tries first."""
    both = metafunc.module.__name__.rpartition(".")[2] in BOTH_WAYS
    ordinary = pytest.param(Way.ORDINARY, marks=pytest.mark.long)
    ways = [Way.FAST_PATH, ordinary] if both else [Way.FAST_PATH]
    metafunc.parametrize("way", ways, indirect=True, ids=str if both else lambda _: "")


@pytest.fixture(autouse=True)
def way(request: pytest.FixtureRequest) -> Way:
    """How calls are served."""
    Chosen.way = request.param
    return Chosen.way


@pytest.fixture(scope="session", autouse=True)
def work_where_it_is() -> None:
    """Lanes work in the thread and the transaction of their caller, so that a test sees what they do."""
    BatchLane.inline = True


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """The real hasher takes half a second a password, on purpose; this one has its bound."""
    with override_settings(PASSWORD_HASHERS=["tests.support.passwords.QuickHasher"]):
        yield


@pytest.fixture(scope="session", autouse=True)
def quiet_requests() -> None:
    """The line that every request writes would bury what a failing test says."""
    logging.getLogger("kgen.request").setLevel(logging.WARNING)


@pytest.fixture(autouse=True)
def nothing_believed(settings: Any) -> None:
    """What a test changes is seen by its next call, unless it is about what is remembered for a moment."""
    settings.CREDENTIAL_CACHE_SECONDS = settings.BOARD_SECONDS = 0


@pytest.fixture(autouse=True)
def no_limits(settings: Any) -> None:
    """Rate limits are off unless a test switches one on."""
    settings.RATE_GAMER_PER_SECOND = 0
    settings.RATE_CLIENT_PER_SECOND = 0
    settings.RATE_FAILED_LOGINS_PER_MINUTE = 0


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: Any
) -> Iterator[None]:
    """The test database, made also when every chosen test is `committed`: pytest-django would then make none.

    Without it those tests would run on, and empty, the database that DATABASE_URL names.
    """
    before, own = connection.settings_dict["NAME"], connection.creation._get_test_db_name()
    with django_db_blocker.unblock():
        make_database(own)
        connect_to(own)
    yield
    with django_db_blocker.unblock():
        connect_to(before)
        drop_database(own)


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Real commits, as races and other processes need them; every table is emptied afterwards."""
    with django_db_blocker.unblock():
        assert str(connection.settings_dict["NAME"]).startswith("test_"), "only a test database may be emptied"
        yield
        connection.close()
        empty_all_tables()
        connections.close_all()


@pytest.fixture
def client_row() -> Client:
    """A game."""
    return factories.ClientFactory()


@pytest.fixture
def studio(client_row: Client) -> StudioCaller:
    """The game's server, calling over HTTP."""
    return StudioCaller.of(client_row)


@pytest.fixture
def other_studio() -> StudioCaller:
    """Another game's server."""
    return StudioCaller.of(factories.ClientFactory())


@pytest.fixture
def gamer(studio: StudioCaller) -> GamerCaller:
    """A gamer of the game with an open session."""
    return studio.gamer("player-1")


@pytest.fixture
def gamers(studio: StudioCaller) -> Gamers:
    """Makes so many gamers with open sessions."""
    return lambda count: [studio.gamer(f"player-{index}") for index in range(1, count + 1)]

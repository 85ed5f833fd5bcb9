"""One running product for all of these tests, as far as they run in one process."""

import logging
from collections.abc import Iterator

import pytest

from tests.support.stack import Stack, running
from tests.support.waiting import eventually


@pytest.fixture(scope="session", autouse=True)
def quiet_client() -> None:
    """The line that httpx writes for every request would bury what a failing test says."""
    logging.getLogger("httpx").setLevel(logging.WARNING)


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The product, with worker and beat at work. Whatever was done to it, its ledger proves in the end.

    Nothing is ever taken out of the ledger, so one proof finds what any of the tests has broken.
    """
    with running(tmp_path_factory.mktemp("stack") / "home") as stack:
        eventually(stack.is_whole)
        yield stack
        proof = stack.manage("verify_ledger")
        assert proof.returncode == 0, proof.stderr

"""Every race is run on committed rows, and leaves a ledger that proves."""

from collections.abc import Iterator

import pytest

from tests.support.http import Caller
from tests.support.threads import ledger_faults


@pytest.fixture(autouse=True)
def proven(committed: None) -> Iterator[None]:
    """Whatever the race was, `verify_ledger` finds nothing afterwards."""
    # Application and schema are set up by the first call: by one thread, not by a hundred.
    Caller().get("/healthz").ok()
    yield
    assert ledger_faults() == []

"""What the tests of plans share."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.grown import Grown, grown_game


@pytest.fixture(scope="package")
def grown(django_db_setup: None, django_db_blocker: Any) -> Iterator[Grown]:
    """A game that has been played for long, filled once."""
    with django_db_blocker.unblock(), grown_game() as game:
        yield game

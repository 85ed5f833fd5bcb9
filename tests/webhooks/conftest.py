"""What the tests of webhooks share."""

from collections.abc import Iterator

import pytest

from tests.support.listener import Listener, listening


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A studio's web server that hears webhooks."""
    with listening() as listener:
        yield listener


@pytest.fixture
def watcher() -> Iterator[Listener]:
    """The studio's other web server."""
    with listening() as watcher:
        yield watcher

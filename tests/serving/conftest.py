"""A server in its own processes, shared by the tests of a module that leave it intact."""

from collections.abc import Iterator

import pytest

from tests.support.web import Web, serving


@pytest.fixture(scope="module")
def web(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """The server as production runs it, with the default settings."""
    with serving(tmp_path_factory.mktemp("web")) as web:
        yield web

"""A server in processes of its own for the tests of a module that do not harm it."""

from collections.abc import Iterator

import pytest

from tests.support.web import Web, serving


@pytest.fixture(scope="module")
def web(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """As production runs it, with the default settings."""
    with serving(tmp_path_factory.mktemp("web")) as web:
        yield web

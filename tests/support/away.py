"""Dependencies that are really away: addresses where nobody listens."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection

from kgen import valkey
from kgen.api import throttles

NOBODY = "/nonexistent/kgen"


@contextmanager
def database_away() -> Iterator[None]:
    """Nobody listens where this process looks for PostgreSQL. Not for tests inside a transaction."""
    connection.close()
    wanted = connection.settings_dict
    connection.settings_dict = wanted | {"HOST": NOBODY}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = wanted


@contextmanager
def valkey_away() -> Iterator[None]:
    """Nobody listens where this process looks for Valkey."""
    wanted = settings.REDIS_URL
    try:
        _connect_to(f"unix://{NOBODY}")
        yield
    finally:
        _connect_to(wanted)


def _connect_to(url: str) -> None:
    settings.REDIS_URL = url
    caches: list[Any] = [throttles._script, valkey.valkey]
    for cached in caches:
        cached.cache_clear()
    valkey.pause.until = 0.0

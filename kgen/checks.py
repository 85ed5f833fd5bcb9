"""System checks of the database, which run before migrations."""

from collections.abc import Sequence

from django.core.checks import Error, Tags, register
from django.db import connections

OLDEST_POSTGRES = 18


@register(Tags.database)
def check_version(*, databases: Sequence[str] | None, **_: object) -> list[Error]:
    """An error for each database below PostgreSQL 18, which is the first with `RETURNING old.…`."""
    return [
        Error(f"PostgreSQL {OLDEST_POSTGRES} or newer is needed; {alias} is {version}.", id="kgen.E001")
        for alias in databases or []
        if (version := _version(alias)) < OLDEST_POSTGRES
    ]


def _version(alias: str) -> int:
    with connections[alias].cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        (number,) = cursor.fetchone()
    return int(number) // 10_000

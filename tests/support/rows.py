"""What the database holds, to be compared before and after something that must not change it."""

from functools import cache

from django.apps import apps
from django.db import connection

# What a request may touch without doing anything: when a secret was last used, and that a sweep lives.
UNCOUNTED = {"users_clientsecret", "kgen_heartbeat"}


@cache
def _sql() -> str:
    tables = {
        model._meta.db_table
        for app in ("kgen", "wallet", "users", "esports", "rewards")
        for model in apps.get_app_config(app).get_models(include_auto_created=True)
    }
    return " UNION ALL ".join(
        f"SELECT '{table}', count(*), md5(string_agg(row::text, '|' ORDER BY row::text)) FROM {table} AS row"
        for table in sorted(tables - UNCOUNTED)
    )


def snapshot() -> dict[str, tuple[int, str | None]]:
    """Each table of ours: how many rows it has, and a digest of all that they say."""
    with connection.cursor() as cursor:
        cursor.execute(_sql())
        return {table: (count, digest) for table, count, digest in cursor.fetchall()}

"""The databases of a run: one template is migrated, everybody gets a copy of it, and tests empty theirs quickly."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from django.db import connection
from django.db.backends.utils import CursorWrapper
from pytest_django import DjangoDbBlocker

from wallet.models import PayoutRail
from wallet.selectors.rails import system_marker

# The same for all processes of a run, and of no other: what another one has migrated is not trusted.
RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"process {os.getpid()}"
# Made by migrations, as in every installation.
KEPT = (
    "django_migrations",
    "django_content_type",
    "auth_permission",
    "auth_group",
    "auth_group_permissions",
    "wallet_payoutrail",
)
# What is larger is cut off: rows that are only deleted still make the planner believe in a large table.
SMALL_BYTES = 256 * 1024


def url_of(name: str) -> str:
    """The address of a database on the server of the tests."""
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


def make_database(name: str) -> None:
    """A database of that name, as after `migrate`."""
    template = _template()
    with _alone() as cursor:
        if _run_of(cursor, template) != RUN:
            _drop(cursor, template)
            _migrate(template)
            _mark(cursor, template)
        _drop(cursor, name)
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        _mark(cursor, name)
    before = connection.settings_dict["NAME"]
    connect_to(name)
    # To the product a copy is a database that was restored, and pauses its payouts.
    PayoutRail.objects.update(confirmed_system=system_marker())
    connect_to(before)


def drop_database(name: str) -> None:
    """Nobody needs it any more; the last one of a run takes the template along."""
    template = _template()
    with _alone() as cursor:
        _drop(cursor, name)
        cursor.execute(
            "SELECT 1 FROM pg_database WHERE shobj_description(oid, 'pg_database') = %s AND datname <> %s",
            [RUN, template],
        )
        if cursor.fetchone() is None:
            _drop(cursor, template)


@contextmanager
def another_database(blocker: DjangoDbBlocker) -> Iterator[str]:
    """One for a product that runs beside this process's tests: its address."""
    name = f"{connection.settings_dict['NAME']}_product"
    with blocker.unblock():
        make_database(name)
    yield url_of(name)
    with blocker.unblock():
        drop_database(name)


def _template() -> str:
    return f"test_{urlsplit(os.environ['DATABASE_URL']).path.lstrip('/')}_template"


@contextmanager
def _alone() -> Iterator[CursorWrapper]:
    """Outside all of these databases; of all processes one at a time."""
    with connection._nodb_cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("SET lock_timeout = 0")
        cursor.execute("SELECT pg_advisory_lock(hashtextextended('the databases of the tests', 0))")
        yield cursor


def _run_of(cursor: CursorWrapper, name: str) -> str | None:
    cursor.execute("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name])
    found = cursor.fetchone()
    return found[0] if found else None


def _mark(cursor: CursorWrapper, name: str) -> None:
    cursor.execute(f"COMMENT ON DATABASE \"{name}\" IS '{RUN}'")


def _drop(cursor: CursorWrapper, name: str) -> None:
    cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _migrate(name: str) -> None:
    """Django's own way of making a test database, after which nobody is in it."""
    settings, ours = connection.settings_dict, connection.settings_dict["NAME"]
    wanted, settings["TEST"]["NAME"] = settings["TEST"]["NAME"], name
    try:
        connection.creation.create_test_db(verbosity=0)
    finally:
        connection.close()
        settings["TEST"]["NAME"] = wanted
        connect_to(ours)


def connect_to(name: str) -> None:
    """From now on this process works in that database."""
    connection.close()
    connection.settings_dict["NAME"] = name


def empty_all_tables() -> None:
    """As after `migrate`. The ledger refuses to lose rows, so this runs as a replica would: without triggers.

    Cutting off every table takes 25 times as long as asking which has rows.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "SELECT format('%%I.%%I', schemaname, tablename) FROM pg_tables "
            "WHERE schemaname = 'public' AND NOT tablename = ANY(%s)",
            [list(KEPT)],
        )
        asked = (
            f"(SELECT '{table}', pg_relation_size('{table}') FROM {table} LIMIT 1)" for (table,) in cursor.fetchall()
        )
        cursor.execute(" UNION ALL ".join(asked))
        filled = dict(cursor.fetchall())
        large = [table for table, size in filled.items() if size > SMALL_BYTES]
        for table in filled.keys() - set(large):
            cursor.execute(f"DELETE FROM {table}")
        if large:
            cursor.execute(f"TRUNCATE {', '.join(large)} CASCADE")
        cursor.execute(_BEGIN_ANEW, [list(KEPT)])
        # Only what a test may have changed goes back.
        cursor.execute(
            "UPDATE wallet_payoutrail SET pause = '', reason = '', failures = 0, since = NULL, probe_at = NULL, "
            "changed_by = NULL"
        )


# Numbers of rows that are kept are not given a second time.
_BEGIN_ANEW = """
SELECT setval(sequence.seqrelid::regclass, sequence.seqstart, false)
  FROM pg_sequence AS sequence
  JOIN pg_depend AS owned ON owned.objid = sequence.seqrelid AND owned.deptype IN ('a', 'i')
       AND owned.classid = 'pg_class'::regclass AND owned.refclassid = 'pg_class'::regclass
  JOIN pg_class AS owner ON owner.oid = owned.refobjid
 WHERE owner.relnamespace = 'public'::regnamespace AND NOT owner.relname = ANY(%s)
"""

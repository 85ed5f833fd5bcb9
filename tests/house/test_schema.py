"""The schema as PostgreSQL has it: exact types, keys, indexes behind foreign keys; migrations that can be undone."""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connection, connections

OURS = ("kgen", "wallet", "users", "esports", "rewards")
SCRATCH = "scratch"
# (table, columns of the foreign key): why no index leads with any of them.
UNINDEXED: dict[tuple[str, str], str] = {
    ("esports_leaderboardrow", "id"): "participations are never removed, and know the key of their row",
    ("esports_participation", "client_id, gamer_id"): "gamers are never removed; live stays are in gamers_tournaments",
    ("esports_participation", "client_id, tournament_id"): "tournaments are never removed; live stays: one_live_stay",
}


def ask(sql: str, *arguments: object, alias: str = DEFAULT_DB_ALIAS) -> list[tuple[Any, ...]]:
    """What a query answers."""
    with connections[alias].cursor() as cursor:
        cursor.execute(sql, arguments)
        return list(cursor.fetchall())


def tables() -> list[str]:
    """Every table of ours that a model stands for."""
    return sorted(model._meta.db_table for app in OURS for model in apps.get_app_config(app).get_models())


@pytest.mark.django_db
def test_no_column_has_an_inexact_number_type() -> None:
    found = ask(
        "SELECT attrelid::regclass::text, attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid"
        " WHERE relnamespace IN ('public'::regnamespace, 'audit'::regnamespace) AND relkind IN ('r', 'v', 'm', 'p')"
        "   AND atttypid = ANY('{float4,float8,money,_float4,_float8,_money}'::regtype[])"
    )
    assert found == []


@pytest.mark.django_db
def test_every_amount_is_a_bigint() -> None:
    names = ["amount", "balance", "balance_after", "source_balance", "destination_balance", "stake", "buy_in_price"]
    names += ["sponsored_amount", "welcome_bonus", "minimum_withdrawal", "sponsorship_limit", "score", "value"]
    found = ask(
        "SELECT DISTINCT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = ANY(%s::regclass[]) AND attname = ANY(%s)",
        tables(),
        names,
    )
    assert sorted(found) == sorted((name, "bigint") for name in names)


@pytest.mark.django_db
def test_every_time_column_has_a_time_zone() -> None:
    found = ask(
        "SELECT attrelid::regclass::text, attname FROM pg_attribute WHERE attrelid = ANY(%s::regclass[])"
        " AND atttypid = ANY('{timestamp,time,timetz}'::regtype[])",
        tables(),
    )
    assert found == []


@pytest.mark.django_db
def test_every_table_has_a_primary_key() -> None:
    with_key = ask("SELECT conrelid::regclass::text FROM pg_constraint WHERE contype = 'p' AND NOT condeferrable")
    everything = ask(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
    )
    assert {name for (name,) in everything} - {name for (name,) in with_key} == set()
    assert set(tables()) <= {name for (name,) in everything}


@pytest.mark.django_db
def test_every_foreign_key_has_an_index_that_starts_with_its_columns() -> None:
    """Else removing a referenced row, or following the reference back, reads the whole table."""
    bare = {(table, columns) for table, columns in ask(_UNINDEXED, tables())}
    assert bare == UNINDEXED.keys()


# Of a composite key the client or the currency alone would find far too much: some other column must lead.
_UNINDEXED = """
SELECT conrelid::regclass::text, (
           SELECT string_agg(attname, ', ' ORDER BY n) FROM unnest(conkey) WITH ORDINALITY AS k (attnum, n)
             JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = k.attnum)
  FROM pg_constraint
 WHERE contype = 'f' AND conrelid = ANY(%s::regclass[])
   AND NOT EXISTS (
           SELECT 1 FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
            WHERE i.indrelid = conrelid AND i.indisvalid AND i.indpred IS NULL AND i.indkey[0] = ANY(conkey)
              AND (cardinality(conkey) = 1 OR a.attname NOT IN ('client_id', 'currency')
                   OR i.indkey[1] = ANY(conkey)))
"""


@pytest.mark.django_db
def test_every_reference_has_a_foreign_key() -> None:
    """By one of its own, or by a composite one: whose row refers to the same, and which no NULL beside it turns off."""
    keys: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for table, column, to_table, to_column in ask(_REFERENCES, tables()):
        keys.setdefault((table, column), []).append((to_table, to_column))

    def is_held(table: str, column: str, target: tuple[str, str]) -> bool:
        found = keys.get((table, column), [])
        return target in found or any(is_held(*step, target) for step in found if step != (table, column))

    references = [
        (model._meta.db_table, field.column, (field.related_model._meta.db_table, field.target_field.column))
        for app in OURS
        for model in apps.get_app_config(app).get_models()
        for field in model._meta.concrete_fields
        if field.is_relation
    ]
    assert len(references) > 20
    assert [reference for reference in references if not is_held(*reference)] == []


# Each column of each foreign key with what it refers to, where the key's other columns are never NULL.
_REFERENCES = """
SELECT conrelid::regclass::text, mine.attname, confrelid::regclass::text, theirs.attname
  FROM pg_constraint, unnest(conkey, confkey) AS pair (here, there), pg_attribute mine, pg_attribute theirs
 WHERE contype = 'f' AND convalidated AND conenforced AND conrelid = ANY(%s::regclass[])
   AND (mine.attrelid, mine.attnum) = (conrelid, here) AND (theirs.attrelid, theirs.attnum) = (confrelid, there)
   AND NOT EXISTS (
           SELECT 1 FROM pg_attribute other
            WHERE other.attrelid = conrelid AND other.attnum = ANY(conkey) AND other.attnum <> here
              AND NOT other.attnotnull)
"""


@pytest.mark.django_db
def test_every_foreign_key_is_enforced_and_checked_at_commit_at_the_latest() -> None:
    found = ask(
        "SELECT conname FROM pg_constraint WHERE contype IN ('f', 'c') AND connamespace = 'public'::regnamespace"
        " AND NOT (convalidated AND conenforced)"
    )
    assert found == []


@pytest.mark.django_db
def test_every_index_is_valid_and_has_no_duplicate() -> None:
    found = ask(
        "SELECT indrelid::regclass::text, array_agg(indexrelid::regclass::text) FROM pg_index"
        " WHERE indrelid = ANY(%s::regclass[])"
        " GROUP BY indrelid, indkey::text, indclass::text, indoption::text, indpred::text, indexprs::text"
        " HAVING count(*) > 1 OR NOT bool_and(indisvalid)",
        tables(),
    )
    assert found == []


@pytest.mark.django_db
def test_the_database_has_every_constraint_and_index_of_the_models() -> None:
    """A field that gives up its own index can take a constraint on the same column along, and no migration says so."""
    found = {name for (name,) in ask("SELECT conname FROM pg_constraint UNION SELECT relname FROM pg_class")}
    named = {
        part.name
        for app in OURS
        for model in apps.get_app_config(app).get_models()
        for part in [*model._meta.constraints, *model._meta.indexes]
    }
    assert len(named) > 50
    assert named - found == set()


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    out = StringIO()
    call_command("makemigrations", check_changes=True, dry_run=True, stdout=out)
    assert out.getvalue().strip() == "No changes detected"


@pytest.fixture
def scratch(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A copy of the migrated test database, in which anything may be undone."""
    name = f"{connection.settings_dict['NAME']}_scratch"
    with django_db_blocker.unblock():
        template = connection.settings_dict["NAME"]
        connections.close_all()
        with connection._nodb_cursor() as cursor:  # type: ignore[attr-defined]
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        connections.settings[SCRATCH] = connections.settings[DEFAULT_DB_ALIAS] | {"NAME": name}
        try:
            yield SCRATCH
        finally:
            connections[SCRATCH].close()
            del connections[SCRATCH]
            del connections.settings[SCRATCH]
            with connection._nodb_cursor() as cursor:  # type: ignore[attr-defined]
                cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            connections.close_all()


def schema(alias: str) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that migrations make, as the catalogue tells it, without the order of columns."""
    return {name: ask(sql, alias=alias) for name, sql in _SCHEMA.items()}


_MADE = "IN ('public'::regnamespace, 'audit'::regnamespace)"
_SCHEMA = {
    "relations": f"SELECT oid::regclass::text, relkind, reloptions FROM pg_class WHERE relnamespace {_MADE} ORDER BY 1",
    "columns": f"""
        SELECT attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attnotnull, attidentity::text,
               attgenerated::text, pg_get_expr(adbin, adrelid)
          FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
          LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
         WHERE relnamespace {_MADE} AND relkind IN ('r', 'v') AND attnum > 0 AND NOT attisdropped ORDER BY 1, 2""",
    "constraints": f"""
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
         WHERE connamespace {_MADE} ORDER BY 1, 2""",
    "indexes": f"SELECT pg_get_indexdef(c.oid) FROM pg_class c WHERE relnamespace {_MADE} AND relkind = 'i' ORDER BY 1",
    "triggers": "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1",
    "functions": f"SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace {_MADE} ORDER BY 1",
    "views": f"""
        SELECT oid::regclass::text, pg_get_viewdef(oid) FROM pg_class
         WHERE relnamespace {_MADE} AND relkind = 'v' ORDER BY 1""",
}


@pytest.mark.long
def test_all_migrations_can_be_reversed_and_applied_again(scratch: str) -> None:
    before = schema(scratch)
    for app in reversed(OURS):
        call_command("migrate", app, "zero", database=scratch, verbosity=0, interactive=False)
    left = {name for name, kind, _ in schema(scratch)["relations"] if kind in ("r", "v", "S")}
    assert {name for name in left if name.startswith((*(f"{app}_" for app in OURS), "audit."))} == set()
    assert (schema(scratch)["triggers"], schema(scratch)["functions"], schema(scratch)["views"]) == ([], [], [])
    call_command("migrate", database=scratch, verbosity=0, interactive=False)
    after = schema(scratch)
    for part, found in before.items():
        assert after[part] == found, part

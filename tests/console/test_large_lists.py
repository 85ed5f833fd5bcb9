"""Lists of far days and searches of titles, where there is a year behind them: found by an index, few rows read."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from console.links import on_day
from esports.models import Tournament
from kgen.clock import database_now
from rewards.services.settling import settle_due
from tests.support.clock import end
from tests.support.http import StudioCaller
from tests.support.settling import play
from users.models import Client

pytestmark = [pytest.mark.long, pytest.mark.django_db]

ROWS, DAYS = 60_000, 300
# (model, column of time, index)
LISTS = {
    "wallet_transaction": ("created_at", "transactions_by_time"),
    "esports_participation": ("joined_at", "entries_by_time"),
    "rewards_reward": ("created_at", "rewards_by_time"),
}
_COPY = """
INSERT INTO {table} ({columns})
SELECT {values} FROM generate_series(1, {rows}) AS n, (SELECT * FROM {table} ORDER BY {time} LIMIT 1) AS one
"""


@pytest.fixture
def unguarded() -> Iterator[Any]:
    """A cursor that writes rows without their triggers and foreign keys."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield cursor
        cursor.execute("SET LOCAL session_replication_role = origin")


def age(cursor: Any, table: str, time: str, **different: str) -> None:
    """Copy one row many times, from long ago up to now, the ids in the order of time."""
    cursor.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND NOT attisdropped AND attgenerated = ''",
        [table],
    )
    columns = [name for (name,) in cursor.fetchall()]
    fresh = {
        "id": "('01' || lpad(to_hex(n), 30, '0'))::uuid",
        time: f"now() - (({ROWS} - n) * {DAYS} / {ROWS}.0) * interval '1 day'",
    } | different
    values = ", ".join(fresh.get(name, f"one.{name}") for name in columns)
    cursor.execute(_COPY.format(table=table, columns=", ".join(columns), values=values, rows=ROWS, time=time))
    cursor.execute(f"ANALYZE {table}")


GONE = dict.fromkeys(("score", "reached_at", "rank_key", "final_rank", "prize"), "NULL")
DIFFERENT = {
    "wallet_transaction": {"reference": "'copy:' || n", "wallet_id": "gen_random_uuid()"},
    "esports_participation": {"left_at": "now()"} | GONE,
    "rewards_reward": {"participation_id": "gen_random_uuid()", "rank": "n + 1000"},
}


def read(browser: Browser, link: str, table: str) -> tuple[str, str]:
    """(page, plan) of a list."""
    with CaptureQueriesContext(connection) as captured:
        page = browser.get(link)
    assert page.status_code == 200
    listed = [query["sql"] for query in captured if f'FROM "{table}"' in query["sql"] and "LIMIT 51" in query["sql"]]
    # Where a range of time is read, its keys alone are sorted first.
    sql = listed[0]
    assert "JOIN" not in sql or len(listed) == 1, sql
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}")
        return page.content.decode(), "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.parametrize("table", LISTS)
def test_a_filter_by_a_distant_day_uses_the_time_index(
    browser: Browser, studio: StudioCaller, table: str, unguarded: Any
) -> None:
    uid = studio.tournament()
    play(studio, uid, {"a": 3, "b": 2, "c": 1})
    end(uid)
    settle_due()
    time, index = LISTS[table]
    age(unguarded, table, time, **DIFFERENT[table])
    unguarded.execute(f"SELECT brin_summarize_new_values('{index}')")
    day = (database_now() - timedelta(days=DAYS - 20)).date()
    link = on_day(f"{table}_changelist", time, day)
    page, plan = read(browser, link, table)
    assert index in plan, plan
    assert f"Seq Scan on {table}" not in plan, plan
    assert "_next=" in page, "a day has more than a page"
    following = link + "&_next=" + page.partition("_next=")[2].partition('"')[0].partition("&")[0]
    second, plan = read(browser, following, table)
    assert index in plan, plan
    assert "_previous=" in second


def test_a_search_by_part_of_a_title_uses_the_trigram_index(
    browser: Browser, studio: StudioCaller, client_row: Client, unguarded: Any
) -> None:
    studio.tournament(title="Grand Prix of Chennai")
    table = Tournament._meta.db_table
    age(unguarded, table, "created_at", title="'Evening cup ' || md5(n::text)", escrow_id="-n")
    page, plan = read(browser, "/console/esports/tournament/?q=x OF chen", table)
    assert "titles_by_trigram" in plan, plan
    assert "Grand Prix of Chennai" in page
    for text in ("zq", "%%"):
        _, plan = read(browser, f"/console/esports/tournament/?q={text}", table)
        assert f"Seq Scan on {table}" not in plan, plan

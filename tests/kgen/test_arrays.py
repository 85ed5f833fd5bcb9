"""Arrays are written as PostgreSQL reads them, whatever is in them."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import pytest
from django.db import connection

from kgen.arrays import array, arrays

NOW = datetime(2026, 11, 23, 3, 4, 5, 678, tzinfo=UTC)
ELSEWHERE = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
IDS = [uuid4(), uuid4()]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("bigint", [1, -(2**53) + 1, 2**63 - 1]),
        ("bigint", [1, None, 3]),
        ("bigint", [None, None]),
        ("timestamptz", [NOW, NOW, NOW + timedelta(microseconds=1), ELSEWHERE]),
        ("timestamptz", [None, NOW]),
        ("uuid", IDS),
        ("uuid", []),
    ],
)
def test_an_array_is_read_back_unchanged(kind: str, values: list[object]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT %s::{kind}[]", [array(values)])
        assert cursor.fetchone() == (values,)


@pytest.mark.django_db
def test_arrays_accept_ids_as_text_and_columns_of_mixed_types() -> None:
    rows = [(str(IDS[0]), 1, NOW), (IDS[1], None, NOW)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM unnest(%s::uuid[], %s::bigint[], %s::timestamptz[])", arrays(rows))
        assert cursor.fetchall() == [(IDS[0], 1, NOW), (IDS[1], None, NOW)]

"""The database itself refuses to change or remove what the ledger holds, whoever asks and however many rows it is."""

import pytest
from django.db import IntegrityError, transaction

from tests.support.http import GamerCaller, StudioCaller
from tests.support.money import execute, nothing_changes, rows
from wallet.models import Account, Posting, Transaction

pytestmark = pytest.mark.django_db

COLUMNS = {
    "wallet_transaction": ["id", "client_id", "wallet_id", "kind", "reference", "balance_after", "created_at"],
    "wallet_posting": [
        "id", "transaction_id", "source_id", "destination_id", "currency", "amount", "source_balance",
        "destination_balance",
    ],
    "wallet_account": ["id", "wallet_id", "client_id", "kind", "currency", "owner_id", "address"],
    "wallet_deposit": ["id", "client_id", "wallet_id", "reference", "amount", "created_at"],
    "wallet_wallet": ["id", "client_id", "currency", "address", "created_at"],
}  # fmt: skip


@pytest.fixture(autouse=True)
def money(studio: StudioCaller, gamer: GamerCaller) -> None:
    """A ledger with something in it."""
    studio.deposit("player-1", 5, "order-1").ok(201)


def refuses(sql: str) -> None:
    """The statement fails as an integrity violation that says why, and nothing has changed."""
    with nothing_changes():
        with pytest.raises(IntegrityError, match="the ledger is append-only") as caught, transaction.atomic():
            execute(sql)
        assert caught.value.__cause__.sqlstate == "23000"  # type: ignore[union-attr]


@pytest.mark.parametrize("table", COLUMNS)
def test_an_update_of_any_column_is_refused_even_of_no_row(table: str) -> None:
    for column in COLUMNS[table]:
        refuses(f"UPDATE {table} SET {column} = {column}")
        refuses(f"UPDATE {table} SET {column} = {column} WHERE false")


@pytest.mark.parametrize("table", COLUMNS)
def test_a_delete_is_refused_even_of_no_row(table: str) -> None:
    refuses(f"DELETE FROM {table}")
    refuses(f"DELETE FROM {table} WHERE false")


def test_a_truncate_is_refused() -> None:
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table in COLUMNS:
        refuses(f"TRUNCATE {table} CASCADE")
        refuses(f"TRUNCATE {table} RESTART IDENTITY CASCADE")
    refuses("TRUNCATE ONLY wallet_posting")
    refuses(f"TRUNCATE {', '.join(COLUMNS)} CASCADE")


_CASCADES = """
WITH RECURSIVE reached AS (
    SELECT unnest(ARRAY['wallet_transaction', 'wallet_posting', 'wallet_account']::regclass[])::oid AS oid
     UNION SELECT confrelid FROM pg_constraint JOIN reached ON conrelid = reached.oid WHERE contype = 'f'
)
SELECT oid::regclass::text FROM reached ORDER BY 1
"""


def test_truncating_another_table_cannot_cascade_to_the_ledger() -> None:
    tables = [name for (name,) in rows(_CASCADES)]
    assert tables == ["wallet_account", "wallet_posting", "wallet_transaction", "wallet_wallet"]
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table in tables:
        refuses(f"TRUNCATE {table} CASCADE")


def test_no_other_statement_changes_an_append_only_table() -> None:
    for sql in OTHER_WAYS:
        refuses(sql)


OTHER_WAYS = [
    "INSERT INTO wallet_transaction SELECT * FROM wallet_transaction ON CONFLICT (id) DO UPDATE SET kind = 'JOIN'",
    "MERGE INTO wallet_posting p USING wallet_posting q ON p.id = q.id WHEN MATCHED THEN UPDATE SET amount = 1",
    "MERGE INTO wallet_posting p USING wallet_posting q ON p.id = q.id WHEN MATCHED THEN DELETE",
    "WITH gone AS (DELETE FROM wallet_posting RETURNING *) SELECT count(*) FROM gone",
    "UPDATE audit.transaction SET kind = 'JOIN'",
    "DELETE FROM audit.posting",
    "UPDATE wallet_account SET balance = balance, kind = kind",
    "INSERT INTO wallet_account SELECT * FROM wallet_account ON CONFLICT (id) DO UPDATE SET kind = excluded.kind",
]


def test_changes_through_the_orm_are_refused() -> None:
    calls = [
        Transaction.objects.all().delete,
        Posting.objects.all().delete,
        Account.objects.all()._raw_delete,
        lambda *_: Transaction.objects.update(kind="JOIN"),
        lambda *_: Posting.objects.update(amount=1),
        lambda *_: Account.objects.update(currency="X"),
    ]
    for call in calls:
        with nothing_changes(), pytest.raises(IntegrityError), transaction.atomic():
            call("default") if call.__name__ == "_raw_delete" else call()


def test_only_the_balance_of_an_account_may_change() -> None:
    with transaction.atomic():
        assert execute("UPDATE wallet_account SET balance = balance WHERE wallet_id IS NOT NULL") == 4

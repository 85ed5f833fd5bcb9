"""Money in tests: what the ledger holds, its proof, tampering with it, and wallets that no call could fill."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import Error, connection, transaction
from uuid_utils.compat import uuid7

from tests.support.http import GamerCaller
from wallet import ledger
from wallet.ledger import Bucket, JournalEntry, Kind, SystemAccount, Transfer
from wallet.models import Wallet

LIMIT = 2**52


def rows(sql: str, *arguments: object) -> list[tuple[Any, ...]]:
    """What a query answers."""
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        return list(cursor.fetchall())


def one(sql: str, *arguments: object) -> Any:
    """The single value that a query answers."""
    ((value,),) = rows(sql, *arguments)
    return value


def execute(sql: str, *arguments: object) -> int:
    """Run a statement; how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        return cursor.rowcount


@contextmanager
def refused_by(constraint: str) -> Iterator[None]:
    """What is done inside must be refused by a constraint of this name (a pattern), at once or at COMMIT."""
    try:
        with transaction.atomic():
            yield
            execute("SET CONSTRAINTS ALL IMMEDIATE")
    except Error as error:
        name = error.__cause__.diag.constraint_name or ""  # type: ignore[union-attr]
        if not re.fullmatch(constraint, name):
            raise
    else:
        pytest.fail(f"{constraint} let it pass")


def copy_row(table: str, row: object, /, **changed: object) -> None:
    """Insert a copy of a row, some of its columns changed."""
    columns = [name for (name,) in rows(_COLUMNS, table)]
    taken = ", ".join("%s" if name in changed else name for name in columns)
    values = [changed[name] for name in columns if name in changed]
    copied = execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {taken} FROM {table} WHERE id = %s", *values, row
    )
    assert copied == 1


_COLUMNS = """
SELECT attname FROM pg_attribute
 WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""


def new_id() -> UUID:
    """An id nothing has."""
    return uuid7()


def wallet_of(gamer: GamerCaller) -> Wallet:
    """The gamer's wallet."""
    return Wallet.objects.get(address=gamer.session["wallet_address"])


def account_of(gamer: GamerCaller, bucket: Bucket) -> int:
    """The id of one of the gamer's accounts."""
    return int(wallet_of(gamer).accounts.get(kind=bucket).pk)


def system_account(gamer: GamerCaller, kind: SystemAccount) -> int:
    """The id of a system account of the gamer's client."""
    wallet = wallet_of(gamer)
    with transaction.atomic():
        return ledger.system_account(client_id=wallet.client_id, currency=wallet.currency, kind=kind)


def fill(gamer: GamerCaller, bucket: Bucket, amount: int) -> None:
    """Put money of the house into a bucket."""
    wallet = wallet_of(gamer)
    house = system_account(gamer, SystemAccount.HOUSE)
    with transaction.atomic():
        wallet = ledger.lock_wallet(wallet.id)
        move = Transfer(house, wallet.ids[bucket], amount)
        entry = JournalEntry(f"test:{new_id()}", Kind.REWARD, wallet.client_id, wallet.currency, [move], wallet)
        ledger.book(entry)


def hold(gamer: GamerCaller, amount: int) -> None:
    """Move earned money to where a withdrawal holds it."""
    wallet = wallet_of(gamer)
    with transaction.atomic():
        wallet = ledger.lock_wallet(wallet.id)
        move = Transfer(wallet.ids[Bucket.EARNED], wallet.ids[Bucket.HELD], amount)
        entry = JournalEntry(f"test:{new_id()}", Kind.WITHDRAW, wallet.client_id, wallet.currency, [move], wallet)
        ledger.book(entry)


def book_deposits(gamer: GamerCaller, count: int) -> None:
    """So many entries of 1 in the gamer's statement, at once."""
    wallet = wallet_of(gamer)
    source = system_account(gamer, SystemAccount.DEPOSITS)
    with transaction.atomic():
        wallet = ledger.lock_wallet(wallet.id)
        moves = [Transfer(source, wallet.ids[Bucket.BOUGHT], 1)]
        ledger.book_many(
            [
                JournalEntry(f"test:{new_id()}", Kind.DEPOSIT, wallet.client_id, wallet.currency, moves, wallet)
                for _ in range(count)
            ]
        )


def everything() -> dict[str, Sequence[tuple[Any, ...]]]:
    """All that a refused call must leave as it is."""
    tables = ["wallet_transaction", "wallet_posting", "wallet_deposit", "wallet_account", "esports_participation"]
    tables += ["esports_seats", "esports_tournament", "kgen_idempotencykey"]
    return {table: rows(f"SELECT * FROM {table} ORDER BY 1") for table in tables}


@contextmanager
def nothing_changes() -> Iterator[None]:
    """What is done inside must leave all money, play and kept answers as they were."""
    before = everything()
    yield
    assert everything() == before


@dataclass(frozen=True)
class Proof:
    """How `verify_ledger` ended and what it wrote."""

    exit_code: int
    out: str
    err: str


def prove() -> Proof:
    """Run `verify_ledger`."""
    out, err = StringIO(), StringIO()
    try:
        call_command("verify_ledger", stdout=out, stderr=err)
    except SystemExit as exit:
        return Proof(int(exit.code or 0), out.getvalue(), err.getvalue())
    return Proof(0, out.getvalue(), err.getvalue())


def tamper(sql: str, *arguments: object) -> None:
    """Change one row behind the triggers' back, as somebody with the database's password might."""
    execute("SET LOCAL session_replication_role = replica")
    assert execute(sql, *arguments) == 1
    execute("SET LOCAL session_replication_role = origin")

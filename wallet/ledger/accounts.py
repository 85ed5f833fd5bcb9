"""Opening wallets and system accounts."""

import secrets
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import connection

from kgen.transactions import check_in_transaction
from wallet.models import Bucket, SystemAccount, Wallet


def new_address() -> str:
    """`0x` and 40 lower-case hex digits, from a CSPRNG."""
    return "0x" + secrets.token_hex(20)


def open_wallets(wallets: Iterable[tuple[UUID, UUID, str]], *, now: datetime) -> dict[UUID, Wallet]:
    """Open wallets, given as (id, client, currency), each with its four empty accounts. Returns them by id.

    :raises OutsideTransaction: no transaction is open.
    """
    check_in_transaction()
    made = [
        Wallet(id=wallet_id, client_id=client_id, currency=currency, address=new_address(), created_at=now)
        for wallet_id, client_id, currency in wallets
    ]
    Wallet.objects.bulk_create(made)
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_BUCKETS, [list(Bucket), [wallet.pk for wallet in made]])
    return {wallet.pk: wallet for wallet in made}


def system_account(*, client_id: UUID, currency: str, kind: SystemAccount, owner_id: UUID | None = None) -> int:
    """Return the id of a client's system account, or of a person's KGeN wallet. Its first use opens it.

    :raises OutsideTransaction: no transaction is open.
    """
    check_in_transaction()
    with connection.cursor() as cursor:
        arguments: list[UUID | str | None] = [client_id, kind.value, currency, owner_id]
        cursor.execute(_FIND, arguments)
        found = cursor.fetchone()
        if found is None:
            # The address of a KGeN wallet belongs to the person and is the same in every currency.
            cursor.execute(_OPEN, [*arguments, None if kind is SystemAccount.KGEN else new_address()])
            # A concurrent transaction may have opened it first; its row is committed by now.
            cursor.execute(_FIND, arguments)
            found = cursor.fetchone()
    account_id: int = found[0]
    return account_id


_OPEN_BUCKETS = """
INSERT INTO wallet_account (wallet_id, client_id, kind, currency, balance)
SELECT wallet.id, wallet.client_id, bucket.kind, wallet.currency, 0
  FROM wallet_wallet wallet CROSS JOIN unnest(%s::text[]) AS bucket (kind) WHERE wallet.id = ANY(%s::uuid[])
"""
_FIND = """
SELECT id FROM wallet_account
 WHERE wallet_id IS NULL AND client_id = %s AND kind = %s AND currency = %s
   AND owner_id IS NOT DISTINCT FROM %s::uuid
"""
_OPEN = """
INSERT INTO wallet_account (client_id, kind, currency, owner_id, address)
VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""

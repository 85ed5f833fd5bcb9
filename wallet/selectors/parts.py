"""The ledger's part of other apps' statements and proofs, so that no other app names the ledger's tables."""

from collections.abc import Mapping

from django.db import connection

from wallet.selectors.proof import Difference

# (id, client_id, currency, kind) of every system account.
SYSTEM_ACCOUNTS = "SELECT id, client_id, currency, kind FROM wallet_account WHERE wallet_id IS NULL"
# (id, reference) of every transaction.
BOOKED = "SELECT id, reference FROM wallet_transaction"


def posted_balance(account_id: str) -> str:
    """The balance of an account as the sum of its postings; `account_id` is an SQL expression."""
    return (
        f"(coalesce((SELECT sum(amount) FROM wallet_posting WHERE destination_id = {account_id}), 0)"
        f" - coalesce((SELECT sum(amount) FROM wallet_posting WHERE source_id = {account_id}), 0))"
    )


def differences(rules: Mapping[str, str], limit: int) -> list[Difference]:
    """The rows that break rules, at most `limit` per rule; each rule's statement selects the row and what it found."""
    found = []
    with connection.cursor() as cursor:
        for rule, sql in rules.items():
            cursor.execute(f"{sql} LIMIT %s", [limit])
            found += [Difference(rule, row, values) for row, values in cursor.fetchall()]
    return found

"""Parts of other apps' statements: the ledger's side of a proof, so that no other app names the ledger's tables."""

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

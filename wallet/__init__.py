"""A small double-entry ledger that knows no games: wallets, accounts, transactions, postings."""

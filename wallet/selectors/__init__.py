"""Questions to the ledger: balances, statements, and its proof."""

from wallet.selectors.balances import Balance, balance_of, has_accounts, system_balance
from wallet.selectors.proof import Difference, ledger_differences, ledger_totals
from wallet.selectors.statements import StatementEntry, StatementPage, statement_entry, statement_page

__all__ = [
    "Balance",
    "Difference",
    "StatementEntry",
    "StatementPage",
    "balance_of",
    "has_accounts",
    "ledger_differences",
    "ledger_totals",
    "statement_entry",
    "statement_page",
    "system_balance",
]

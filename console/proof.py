"""The proof of the ledger, over all apps that keep money or counters beside it."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from esports.selectors.escrows import escrow_differences, escrows_due
from rewards.selectors import reward_differences
from wallet.selectors import Difference, ledger_differences, ledger_totals


@dataclass(frozen=True)
class LedgerProof:
    """What the postings come to. The ledger proves where there are no `differences`.

    `totals` has a row for each currency and kind of account; `escrows_due` counts the escrows that a duty still has to
    empty, which is no difference.
    """

    totals: list[dict[str, Any]]
    differences: list[Difference]
    escrows_due: int


def prove_ledger() -> LedgerProof:
    """Recompute every balance and counter from the rows behind it. Reads whole tables, in one transaction."""
    with transaction.atomic():
        differences = ledger_differences() + escrow_differences() + reward_differences()
        return LedgerProof(ledger_totals(), differences, escrows_due())

"""Prove the ledger."""

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from esports.selectors.escrows import escrow_differences, escrows_due
from rewards.selectors import reward_differences
from wallet.selectors import ledger_differences, ledger_totals


class Command(BaseCommand):
    """Recomputes everything from the postings. Exits 1 on any difference, naming the row."""

    help = "recompute every balance from the postings; exit 1 on any difference"

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            differences = ledger_differences() + escrow_differences() + reward_differences()
            totals, due = ledger_totals(), escrows_due()
        for row in totals:
            line = f"{row['currency']:<8}{row['kind']:<18}{row['accounts']:>10,} accounts {row['balance']:>24,}"
            self.stdout.write(line)
        for currency in sorted({row["currency"] for row in totals}):
            total = sum(row["balance"] for row in totals if row["currency"] == currency)
            self.stdout.write(f"{currency:<8}{'all accounts':<18}{'':>19} {total:>24,}")
        if due:
            self.stdout.write(f"due: {due} escrows of tournaments that are over still wait to be emptied")
        for difference in differences:
            self.stderr.write(f"DIFFERENCE {difference.rule}: {difference.row}: {difference.found}")
        if differences:
            self.stderr.write(f"verify_ledger: {len(differences)} differences")
            sys.exit(1)
        self.stdout.write("verify_ledger: the ledger proves, no differences")

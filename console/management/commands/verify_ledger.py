"""Prove the ledger."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from console.proof import prove_ledger


class Command(BaseCommand):
    """Recomputes everything from the postings. Exits 1 on any difference, naming the row."""

    help = "recompute every balance from the postings; exit 1 on any difference"

    def handle(self, *args: Any, **options: Any) -> None:
        proof = prove_ledger()
        for row in proof.totals:
            line = f"{row['currency']:<8}{row['kind']:<18}{row['accounts']:>10,} accounts {row['balance']:>24,}"
            self.stdout.write(line)
        for currency in sorted({row["currency"] for row in proof.totals}):
            total = sum(row["balance"] for row in proof.totals if row["currency"] == currency)
            self.stdout.write(f"{currency:<8}{'all accounts':<18}{'':>19} {total:>24,}")
        if proof.escrows_due:
            self.stdout.write(f"due: {proof.escrows_due} escrows of tournaments that are over still wait to be emptied")
        for difference in proof.differences:
            self.stderr.write(f"DIFFERENCE {difference.rule}: {difference.row}: {difference.found}")
        if proof.differences:
            self.stderr.write(f"verify_ledger: {len(proof.differences)} differences")
            sys.exit(1)
        self.stdout.write("verify_ledger: the ledger proves, no differences")

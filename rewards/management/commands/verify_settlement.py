"""Recompute a settlement from the score events."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kgen.api.fields import id_of
from rewards.models import Settlement
from rewards.selectors import settlement_differences


class Command(BaseCommand):
    """Folds every score event anew, ranks and prices them by the pure rules, and compares. Exits 1 on a difference."""

    help = "recompute a tournament's settlement from its score events; exit 1 on any difference"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("uid")

    def handle(self, *args: Any, **options: Any) -> None:
        known = Settlement.objects.select_related("tournament__seats").filter(pk=id_of(options["uid"]))
        settlement = known.first()
        if settlement is None:
            raise CommandError("no settlement of this tournament")
        faults = settlement_differences(settlement)
        for fault in faults:
            self.stderr.write(f"DIFFERENCE {fault}")
        if faults:
            sys.exit(1)
        found = f"{settlement.ranked:,} ranks, {settlement.prizes:,} in prizes, {settlement.sha256}"
        self.stdout.write(f"verify_settlement: {found}")

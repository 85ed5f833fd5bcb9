"""Recompute a settlement from the score events."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from esports.results import booked_places, recompute
from kgen.api.fields import id_of
from rewards.models import Settlement


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
        faults = differences(settlement)
        for fault in faults:
            self.stderr.write(f"DIFFERENCE {fault}")
        if faults:
            sys.exit(1)
        found = f"{settlement.ranked:,} ranks, {settlement.prizes:,} in prizes, {settlement.sha256}"
        self.stdout.write(f"verify_settlement: {found}")


def differences(settlement: Settlement) -> list[str]:
    """Where the record, the booked ranks and the score events contradict each other."""
    anew = recompute(settlement.tournament)
    booked = list(booked_places(settlement.tournament_id))
    faults = [
        f"rank {was.rank}: booked {was}, recomputed {now}"
        for was, now in zip(booked, anew.places, strict=False)
        if was != now
    ]
    checks = [
        ("ranks", len(booked), len(anew.places)),
        ("inputs", settlement.inputs, anew.inputs),
        ("to the house", settlement.to_house, anew.to_house),
        ("to the sponsor", settlement.to_sponsor, anew.to_sponsor),
        ("hash", settlement.sha256, anew.fingerprint()),
    ]
    return faults + [f"{what}: recorded {was}, recomputed {now}" for what, was, now in checks if was != now]

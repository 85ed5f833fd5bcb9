"""Stop payouts."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kgen.errors import RecordNotFound, WrongState
from wallet.services.switching import pause_rail


class Command(BaseCommand):
    """Pauses a rail: it takes requests, and nothing goes out."""

    help = "pause payouts over a rail"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("rail")
        parser.add_argument("--reason", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            pause_rail(name=options["rail"], operator_id=None, reason=options["reason"])
        except RecordNotFound:
            raise CommandError(f"there is no rail {options['rail']!r}") from None
        except WrongState:
            self.stdout.write(f"{options['rail']}: paused already")
            return
        self.stdout.write(f"{options['rail']}: paused")

"""Seed a fresh installation with a game, its secret, an operator and a live tournament."""

import json
import secrets
import string
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from demo import seeds


class Command(BaseCommand):
    """The last line of the output is a JSON object with all that a program needs to call the product."""

    help = "seed a demo game and print its credentials as JSON"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rich", action="store_true", help="three games with a month of play, for the console")
        parser.add_argument("--facts", type=Path, help="what an earlier run printed: its credentials are kept")

    def handle(self, *args: Any, **options: Any) -> None:
        """
        :raises CommandError: this is not a local stack, or its database is somebody's; nothing is written then.
        """
        if not settings.LOCAL:
            raise CommandError("seed_demo makes a superuser and prints its password: it runs with KGEN_LOCAL only")
        known: dict[str, str] = {}
        if options["facts"] and options["facts"].is_file():
            known = json.loads(options["facts"].read_text())
        if not seeds.may_be_seeded(known.get("client_id")):
            raise CommandError("this database holds games or operators that are not the demo's: nothing was seeded")
        if options["rich"]:
            self.stdout.write(json.dumps(seeds.seed_rich()))
            return
        alphabet = string.ascii_letters + string.digits
        password = known.get("operator_password") or "".join(secrets.choice(alphabet) for _ in range(16))
        facts = seeds.seed(
            client_id=known.get("client_id"),
            client_secret=known.get("client_secret"),
            operator_password=password,
            now=datetime.now(UTC),
        )
        self.stdout.write(json.dumps(facts))

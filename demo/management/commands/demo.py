"""Play a whole tournament against the running product and show the result."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from demo.client import DemoResult, Stalled, play

BAR = 30


class Command(BaseCommand):
    """Gamers open sessions, join, score and leave over HTTP. Then come the board, the speed and the ledger's proof."""

    help = "play a whole tournament against the running product"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--gamers", type=int, default=200)

    def handle(self, *args: Any, **options: Any) -> None:
        facts_file = Path(settings.KGEN_HOME) / "quickstart.json"
        if not facts_file.is_file():
            raise CommandError("nothing is running here: start it with `make up`")
        if not 3 <= options["gamers"] <= 100_000:
            raise CommandError("the number of gamers must be from 3 to 100,000")
        facts = json.loads(facts_file.read_text())
        sms_log = facts_file.with_name("sms.log")
        try:
            outcome = asyncio.run(play(facts, options["gamers"], self.show_progress, sms_log))
        except Stalled as error:
            raise CommandError(f"{error}: is the worker of `make up` running?") from None
        except httpx.HTTPStatusError as error:
            raise CommandError(f"refused: {error.response.text[:300]}") from None
        except httpx.HTTPError as error:
            raise CommandError(f"{facts['base_url']} does not answer ({error}): is `make up` running?") from None
        self.show(outcome)
        call_command("verify_ledger", stdout=self.stdout, stderr=self.stderr)

    def show_progress(self, name: str, done: int, total: int) -> None:
        """A bar that fills during a phase; without a terminal, one line at the end of each phase."""
        if done != total and (done % max(1, total // 100) or not self.stderr.isatty()):
            return
        filled = BAR * done // total
        end = "\n" if done == total else ""
        begin = "\r" if self.stderr.isatty() else ""
        self.stderr.write(f"{begin}{name:<14}[{'#' * filled:<{BAR}}] {done:,}/{total:,}", ending=end)
        self.stderr.flush()

    def show(self, outcome: DemoResult) -> None:
        """Write the board, the winner's transactions and the speed as tables."""
        self.stdout.write(f"\nleaderboard of {outcome.tournament_uid}")
        self.stdout.write(f"{'rank':>6}  {'score':>8}  gamer")
        for row in outcome.board["leaderboard"]:
            self.stdout.write(f"{row['rank']:>6}  {row['score']:>8,}  {row['username']}")
        self.show_trail(outcome)
        self.stdout.write(
            f"field {outcome.board['participants_count']:,}, prizes {outcome.board['price_pool']:,}\n\n"
            f"{'phase':<14}{'requests':>10}{'seconds':>10}{'req/s':>10}"
        )
        for phase in outcome.phases:
            self.stdout.write(f"{phase.name:<14}{phase.requests:>10,}{phase.seconds:>10.1f}{phase.rate:>10,.0f}")
        requests, seconds = (sum(getattr(p, name) for p in outcome.phases) for name in ("requests", "seconds"))
        self.stdout.write(f"{'all':<14}{requests:>10,}{seconds:>10.1f}{requests / seconds:>10,.0f}\n\n")

    def show_trail(self, outcome: DemoResult) -> None:
        """Write the winner's statement, oldest first, and the withdrawal."""
        self.stdout.write(f"\nthe money of {outcome.winner}\n{'type':<16}{'amount':>8}{'balance':>9}  from → to")
        for entry in outcome.trail:
            sign = "+" if entry["description"]["platformProtocolsTxnType"] == "CREDIT" else "-"
            amount = f"{sign}{entry['amount']:,}"
            way = f"{entry['from_wallet']} → {entry['to_wallet']}  {entry['sync_status']}"
            self.stdout.write(f"{entry['description']['type']:<16}{amount:>8}{entry['balance_after']:>9,}  {way}")
        self.stdout.write(f"withdrawal of {outcome.withdrawal['amount']:,}: {outcome.withdrawal['status']}\n")

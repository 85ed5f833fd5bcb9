"""Let payouts go out again."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kgen.errors import RecordNotFound
from wallet.selectors.rails import paused_rails
from wallet.services.switching import pause_after_restore, resume_rail


class Command(BaseCommand):
    """Resumes the paused rails. After a restore this vouches that payouts were compared with the rail."""

    help = "resume payouts after a pause, an outage or a restore"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("rail", nargs="?", help="only this one")
        parser.add_argument("--rail", dest="named", metavar="RAIL", help="the same")
        parser.add_argument("--reason", default="resumed from the command line")

    def handle(self, *args: Any, **options: Any) -> None:
        # A restore that no worker has come across yet counts too.
        pause_after_restore()
        paused = paused_rails()
        chosen = options["rail"] or options["named"]
        names = [chosen] if chosen else list(paused)
        for name in names:
            try:
                resume_rail(name=name, operator_id=None, reason=options["reason"])
            except RecordNotFound:
                raise CommandError(f"there is no rail {name!r}") from None
            self.stdout.write(f"{name}: resumed (was {paused.get(name, 'running')})")
        if not names:
            self.stdout.write("no rail is paused")

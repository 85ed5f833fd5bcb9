"""Prepares the database: the tables and a demo game."""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from typing import Any

from .children import ProcessSpec
from .failure import BAD_SETTING, Refused
from .home import CHECKOUT, Home
from .services import Services
from .supervisor import Supervisor, say

_SEEDED = (
    "client_id",
    "client_secret",
    "operator_username",
    "operator_password",
    "tournament_uid",
    "tournament_ends_at",
)
# A tournament that ends sooner is replaced: a user who starts in the morning may play in the evening.
_LEAST_TIME_LEFT = timedelta(days=1)


def migrate(home: Home, services: Services, supervisor: Supervisor) -> None:
    """Run the migrations, unless migrated.json shows that these files were applied to this database."""
    files = _migrations_fingerprint()
    if home.read_json("migrated.json") == {"files": files, "applied": _applied(services)}:
        return
    say("kgen: migrating the database")
    _manage(home, services, supervisor, "migrate", "--no-input")
    home.write_json("migrated.json", {"files": files, "applied": _applied(services)})


def _applied(services: Services) -> str | None:
    """A value that differs between a database and an older copy of it."""
    return services.ask("SELECT count(*), max(id), min(applied) FROM django_migrations")


def _database_id(services: Services) -> str | None:
    """A value that identifies a database: another one at the same address differs, the same one elsewhere does not."""
    return services.ask("SELECT min(applied) FROM django_migrations")


def _migrations_fingerprint() -> str:
    """A digest of the migration files, the packages (which bring migrations) and the roles (which `migrate` writes)."""
    digest = hashlib.sha256((CHECKOUT / "requirements.txt").read_bytes())
    for path in sorted([*CHECKOUT.glob("[!.]*/migrations/*.py"), CHECKOUT / "kgen/admin_site/roles.py"]):
        digest.update(f"{path.relative_to(CHECKOUT)}\0{path.read_bytes().hex()}\0".encode())
    return digest.hexdigest()


def seed(home: Home, services: Services, supervisor: Supervisor, base_url: str) -> dict[str, Any]:
    """Make sure that a demo tournament has a day left; the facts of quickstart.json, which it writes."""
    facts = home.read_json("quickstart.json")
    database_id = _database_id(services)
    if home.read_json("seeded.json") != {"database": database_id} or not _playable(facts):
        say("kgen: seeding the demo game")
        known = ["--facts", str(home.path / "quickstart.json")] if facts else []
        seeded = _seeded(_manage(home, services, supervisor, "seed_demo", *known))
    else:
        seeded = {name: facts[name] for name in _SEEDED}
    addresses = {"database_url": services.database_url, "redis_url": services.redis_url}
    current = {"base_url": base_url, **seeded, **addresses}
    if current != facts:
        home.write_json("quickstart.json", current)
    home.write_json("seeded.json", {"database": database_id})
    return current


def _playable(facts: dict[str, Any]) -> bool:
    """Whether the facts are complete and the tournament has time left."""
    if not all(isinstance(facts.get(name), str) for name in _SEEDED):
        return False
    try:
        ends_at = datetime.fromisoformat(facts["tournament_ends_at"])
        return ends_at - datetime.now(UTC) > _LEAST_TIME_LEFT
    except (ValueError, TypeError):
        return False


def _seeded(output: str) -> dict[str, str]:
    """Parse the last line of seed_demo's output, a JSON object with every fact."""
    try:
        found = json.loads(output.strip().splitlines()[-1])
        return {name: str(found[name]) for name in _SEEDED}
    except (IndexError, KeyError, TypeError, ValueError):
        raise Refused("seed_demo did not print the facts of the demo game") from None


def _manage(home: Home, services: Services, supervisor: Supervisor, *arguments: str) -> str:
    """Run a management command; its output. :raises Refused: it failed; the text has its last error."""
    # Not in the log, and in a file without a name: seed_demo prints a secret.
    with tempfile.TemporaryFile(dir=home.path) as output:
        spec = ProcessSpec(
            f"manage.py {arguments[0]}",
            [sys.executable, "manage.py", *arguments],
            services.environment,
            log=home.log("manage"),
            output=output,
        )
        child = supervisor.run(spec)
        if child.code() == BAD_SETTING and (line := child.bad_setting_line()):
            raise Refused(line, BAD_SETTING)
        if child.code() != 0:
            raise Refused(f"manage.py {arguments[0]} failed: {child.last_error()}")
        output.seek(0)
        return output.read().decode("utf-8", "replace")

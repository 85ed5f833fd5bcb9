"""What the database has to hold before it can be played: the tables and a demo game."""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from typing import Any

from .children import Service
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
# A demo game that ends sooner is replaced: whoever starts in the morning wants to play in the evening.
_LEAST_TIME_LEFT = timedelta(days=1)


def migrate(home: Home, services: Services, supervisor: Supervisor) -> None:
    """Bring the database to the state of the migration files, unless it is known to be there."""
    files = _migrations_fingerprint()
    if home.read_json("migrated.json") == {"files": files, "applied": _applied(services)}:
        return
    say("kgen: migrating the database")
    _manage(home, services, supervisor, "migrate", "--no-input")
    home.write_json("migrated.json", {"files": files, "applied": _applied(services)})


def _applied(services: Services) -> str | None:
    """Tells a database from an older copy of it."""
    return services.ask("SELECT count(*), max(id), min(applied) FROM django_migrations")


def _born(services: Services) -> str | None:
    """Tells a database from another one under the same address, and knows it again under another address."""
    return services.ask("SELECT min(applied) FROM django_migrations")


def _migrations_fingerprint() -> str:
    """Changes with any migration file, with the matrix of roles, which `migrate` writes to the database, and with the
    packages, which bring migrations of their own."""
    digest = hashlib.sha256((CHECKOUT / "requirements.txt").read_bytes())
    for path in sorted([*CHECKOUT.glob("[!.]*/migrations/*.py"), CHECKOUT / "kgen/admin_site/roles.py"]):
        digest.update(f"{path.relative_to(CHECKOUT)}\0{path.read_bytes().hex()}\0".encode())
    return digest.hexdigest()


def seed(home: Home, services: Services, supervisor: Supervisor, base_url: str) -> dict[str, Any]:
    """A demo game that can be played for another day; quickstart.json and the answer say how to reach it."""
    facts = home.read_json("quickstart.json")
    born = _born(services)
    if home.read_json("seeded.json") != {"database": born} or not _playable(facts):
        say("kgen: seeding the demo game")
        known = ["--facts", str(home.path / "quickstart.json")] if facts else []
        seeded = _seeded(_manage(home, services, supervisor, "seed_demo", *known))
    else:
        seeded = {name: facts[name] for name in _SEEDED}
    addresses = {"database_url": services.database_url, "redis_url": services.redis_url}
    current = {"base_url": base_url, **seeded, **addresses}
    if current != facts:
        home.write_json("quickstart.json", current)
    home.write_json("seeded.json", {"database": born})
    return current


def _playable(facts: dict[str, Any]) -> bool:
    """Whether the facts are complete and the tournament in them has time left."""
    if not all(isinstance(facts.get(name), str) for name in _SEEDED):
        return False
    try:
        ends_at = datetime.fromisoformat(facts["tournament_ends_at"])
        return ends_at - datetime.now(UTC) > _LEAST_TIME_LEFT
    except (ValueError, TypeError):
        return False


def _seeded(output: str) -> dict[str, str]:
    """The command's last line, a JSON object with every fact."""
    try:
        found = json.loads(output.strip().splitlines()[-1])
        return {name: str(found[name]) for name in _SEEDED}
    except (IndexError, KeyError, TypeError, ValueError):
        raise Refused("seed_demo did not end with a line that holds all facts of the demo game") from None


def _manage(home: Home, services: Services, supervisor: Supervisor, *arguments: str) -> str:
    """What a management command printed. :raises Refused: with its last complaint when it fails."""
    # Apart from the log, and without a name: seed_demo prints a secret.
    with tempfile.TemporaryFile(dir=home.path) as output:
        service = Service(
            f"manage.py {arguments[0]}",
            [sys.executable, "manage.py", *arguments],
            services.environment,
            log=home.log("manage"),
            output=output,
        )
        child = supervisor.run(service)
        if child.code() == BAD_SETTING and (line := child.setting_line()):
            raise Refused(line, BAD_SETTING)
        if child.code() != 0:
            raise Refused(f"manage.py {arguments[0]} failed: {child.complaint()}")
        output.seek(0)
        return output.read().decode("utf-8", "replace")

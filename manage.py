#!/usr/bin/env python3
"""Django's command line, pointed at kgen. Beside a running `make up` it uses that stack's own database."""

import json
import os
import sys
from pathlib import Path


def adopt_local_stack() -> None:
    """Fill in the local stack's addresses and secrets where the environment names no database.

    So that `manage.py verify_ledger` in a second terminal talks to what `make up` started.
    """
    home = Path(os.environ.get("KGEN_HOME") or Path(__file__).resolve().parent / ".kgen")
    facts, secrets = home / "quickstart.json", home / "secrets.json"
    if os.environ.get("DATABASE_URL"):
        return
    if not (facts.is_file() and secrets.is_file()):
        sys.exit(f"kgen: no stack in {home}: run make up first, or set KGEN_HOME")
    known = json.loads(facts.read_text())
    environment = json.loads(secrets.read_text()) | {
        "DATABASE_URL": known["database_url"],
        "REDIS_URL": known["redis_url"],
        "KGEN_HOME": str(home),
        "KGEN_LOCAL": "1",
    }
    for name, value in environment.items():
        os.environ.setdefault(name, value)


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kgen.settings")
    adopt_local_stack()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

"""`python -m kgen.local up | run [--home DIR] [--fast] -- COMMAND… | reset`"""

from __future__ import annotations

import argparse
import sys

from . import commands
from .failure import Refused
from .home import chosen_path


def main(arguments: list[str]) -> int:
    """Run a command and return its exit code. A refusal is one line on standard error."""
    chosen = _parser().parse_args(arguments)
    path = chosen_path(chosen.home)
    try:
        if chosen.verb == "up":
            return commands.up(path)
        if chosen.verb == "reset":
            return commands.reset(path)
        return commands.run(path, chosen.command, fast=chosen.fast)
    except Refused as refusal:
        print(f"kgen: {refusal}", file=sys.stderr)
        return refusal.code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m kgen.local", description="The local stack.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, meaning in (
        ("up", "run the product with its own PostgreSQL and Valkey"),
        ("reset", "delete the local state"),
        ("run", "run a command with a PostgreSQL and a Valkey of its own"),
    ):
        one = verbs.add_parser(verb, help=meaning)
        one.add_argument("--home", help="where the state is kept (default: $KGEN_HOME, else .kgen)")
    one.add_argument("--fast", action="store_true", help="use a fresh database without fsync")
    one.add_argument("command", nargs="+", help="the command to run, after --")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

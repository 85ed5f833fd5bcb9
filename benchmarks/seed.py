"""A game that has been played: gamers, sessions, wallets with a history, and tournaments to play in.

`seeder.py` of a later revision uses this module: what it names there keeps its name.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from esports.services.organising import create_tournament
from kgen.clock import database_now
from users.models import Client
from users.services import issue_secret
from users.tokens import sign_access
from wallet import ledger

SQL = Path(__file__).with_name("sql")
STAKE = 10
FREE: dict[str, Any] = {
    "sponsored_amount": 1,
    "prize_table": {"kind": "shares", "bands": [{"from_rank": 1, "to_rank": 1, "share_bp": 10_000}]},
}
BONUS = 100_000
# No more gamers than that call: their tokens have to fit into the load generator's memory.
MOST_CALLERS = 100_000
_JUST_NOW = "clock_timestamp() - interval '1 ms'"
_KINDS = ("gamer", "wallet", "session", "stay", "seat", "step", "past")


@dataclass
class Tournament:
    """What the measurements need to know of one."""

    uid: str
    escrow: int


@dataclass
class World:
    """One client's game. Gamers are numbered from 1; a row's id is its kind's prefix and the number in hex."""

    number: int
    client: Client
    secret: str
    gamers: int
    crowd: int
    main: Tournament
    large: Tournament
    # Of those who call, by number.
    tokens: dict[int, str] = field(default_factory=dict)

    def prefix(self, kind: str) -> str:
        """The first 24 characters of the ids of a kind."""
        return f"01900000-{_KINDS.index(kind) + 1:02x}{self.number:02x}-7000-8000-"

    def id(self, kind: str, number: int) -> str:
        """The id of one row."""
        return f"{self.prefix(kind)}{number:012x}"

    def variables(self) -> dict[str, Any]:
        """What the SQL of this folder is told."""
        return {kind: self.prefix(kind) for kind in _KINDS} | {
            "world": self.number,
            "client": str(self.client.pk),
            "gamers": self.gamers,
            "crowd": self.crowd,
            "bonus": BONUS,
            "stake": STAKE,
            "main": self.main.uid,
            "large": self.large.uid,
            "escrow": self.main.escrow,
        }

    def first_account(self) -> int:
        """The id of gamer 1's bonus account; gamer n's is 4 × (n − 1) behind it."""
        return int(ask("SELECT min(id) FROM wallet_account WHERE wallet_id = %s", self.id("wallet", 1))[0])


def ask(statement: str, *arguments: str) -> tuple[Any, ...]:
    """The first row of a statement's answer."""
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        row: tuple[Any, ...] = cursor.fetchone()
        return row


def make_world(number: int, *, gamers: int, crowd: int) -> World:
    """Seed a whole game; a few dozen seconds for 100,000 gamers. The ledger proves afterwards."""
    client = Client.objects.create(name=f"Benchmark {number}")
    secret = issue_secret(client_id=client.pk)
    with transaction.atomic():
        ledger.system_account(client_id=client.pk, currency=client.currency, kind=ledger.SystemAccount.PROMOTIONS)
    main = open_tournament(client, size=gamers)
    large = open_tournament(client, size=gamers + crowd, stake=0)
    world = World(number, client, secret, gamers, crowd, main, large)
    run_sql("world.sql", world.variables())
    vacuum()
    world.tokens = dict(_tokens(world))
    return world


def open_tournament(
    client: Client, *, size: int, stake: int = STAKE, table: dict[str, Any] | None = None
) -> Tournament:
    """A tournament that takes joins and scores for a day."""
    given: dict[str, Any] = {
        "title": "Benchmark Cup",
        "buy_in_price": stake,
        "tournament_size": size,
        "ends_at": database_now() + timedelta(days=1),
    }
    if not stake:
        # A free tournament can pay only out of a sponsorship.
        client.sponsorship_limit += FREE["sponsored_amount"]
        client.save(update_fields=["sponsorship_limit"])
        given |= FREE
    made = create_tournament(client=client, given=given | ({"prize_table": table} if table else {})).tournament
    return Tournament(str(made.pk), made.escrow_id)


def fill(world: World, tournament: Tournament, *, scored: bool) -> None:
    """Everybody joins who has not; with `scored` they all have a score too."""
    of_it = {"tournament": tournament.uid, "escrow": tournament.escrow, "scored": scored}
    run_sql("fill.sql", world.variables() | of_it)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE esports_participation, wallet_transaction, wallet_posting")


def end(tournament: Tournament) -> None:
    """Its end is now."""
    statement = f"UPDATE esports_tournament SET locks_at = {_JUST_NOW}, ends_at = {_JUST_NOW} WHERE id = %s"
    with connection.cursor() as cursor:
        cursor.execute(statement, [tournament.uid])


def run_sql(name: str, variables: dict[str, Any]) -> None:
    """One file of statements, in one transaction."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        if ask("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")[0]:
            # Foreign keys, checked row by row, would take half of the time; verify_ledger checks more.
            cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in (SQL / name).read_text().split(";\n"):
            if statement.strip():
                cursor.execute(statement, variables)


def vacuum() -> None:
    """Statistics and visibility as after a quiet night; what is measured is not autovacuum's catching up."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("RESET statement_timeout")


def _tokens(world: World) -> Iterator[tuple[int, str]]:
    """Access tokens like those that a session call gives: of everybody, or of so many among all of a larger game."""
    now = database_now()
    client = world.client
    for number in range(1, world.gamers + 1, -(-world.gamers // MOST_CALLERS)):
        claims = {
            "sub": world.id("gamer", number),
            "user_id": f"player-{number}",
            "client_id": str(client.pk),
            "iss": str(client.pk),
            "sid": world.id("session", number),
            "third_party_client_id": str(client.pk),
            "third_party_client_name": client.name,
            "namespaced_third_party_user_id": f"{client.pk}#player-{number}",
            "wallet_address": "0x" + uuid.UUID(world.id("wallet", number)).hex + "00000000",
            "is_new_user": False,
            "indigg_id": None,
            "indigg_wallet_address": "",
            "gamer_id": f"player-{number}",
        }
        yield number, sign_access(claims, now=now)

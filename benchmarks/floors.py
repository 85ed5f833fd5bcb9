"""What the database alone could do: pgbench with the statements that a piece of work needs at least."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.db import connection

from benchmarks import seed
from benchmarks.seed import Tournament, World
from benchmarks.seeder import Seeder
from benchmarks.stack import Stack
from kgen.local import binaries
from kgen.local.failure import Refused
from wallet import ledger

FLOORS = Path(__file__).with_name("floors")
CLIENTS = 32
THREADS = 2


@dataclass(frozen=True)
class Floor:
    """One script. `prepare` makes what it uses up and says how much of it there is."""

    name: str
    units: int = 1
    prepare: Callable[[Seeder], tuple[dict[str, Any], int]] | None = None


def _fresh_tournament(seeder: Seeder) -> tuple[dict[str, Any], int]:
    world = seeder.world
    made = seed.open_tournament(world.client, size=world.gamers)
    return _of(made), world.gamers


def _full_tournament(seeder: Seeder) -> tuple[dict[str, Any], int]:
    world = seeder.world
    made = seed.open_tournament(world.client, size=world.gamers)
    seed.fill(world, made, scored=False)
    return _of(made), world.gamers


def _of(tournament: Tournament) -> dict[str, Any]:
    return {"tournament": tournament.uid, "escrow": tournament.escrow}


def _rewards(seeder: Seeder) -> tuple[dict[str, Any], int]:
    seeder.settle_for_all()
    with connection.cursor() as cursor:
        cursor.execute(_REWARDS)
    return {}, int(seed.ask("SELECT count(*) FROM benchmark_reward")[0])


FLOORS_BY_NAME = {
    floor.name: floor
    for floor in (
        Floor("transfer"),
        Floor("score"),
        Floor("bulk", units=1000),
        Floor("top"),
        Floor("around"),
        Floor("around_large"),
        Floor("join", prepare=_fresh_tournament),
        Floor("leave", prepare=_full_tournament),
        Floor("session"),
        Floor("first_session"),
        Floor("balance"),
        Floor("transactions"),
        Floor("claim", prepare=_rewards),
    )
}


def measure(stack: Stack, seeder: Seeder, floor: Floor, *, seconds: float) -> float:
    """Transactions a second. :raises Refused: the script failed, or what it uses up was used up."""
    prepared, supply = floor.prepare(seeder) if floor.prepare else ({}, 0)
    given = {**_variables(seeder.world), **prepared}
    address, environment = _address(stack.services.database_url)
    command = [str(binaries.postgres("pgbench")), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", str(THREADS)]
    command += ["-T", str(max(1, round(seconds))), "-f", str(FLOORS / f"{floor.name}.sql")]
    command += [part for name, value in given.items() for part in ("-D", f"{name}={value}")]
    said = stack.run([*command, address], environment)
    rate, done = _number(r"tps = ([\d.]+)", said), _number(r"actually processed: (\d+)", said)
    if supply and done > supply:
        raise Refused(f"the floor {floor.name} used up its {supply} rows: measure for fewer seconds")
    return rate


def _variables(world: World) -> dict[str, Any]:
    accounts = {
        kind.value: ledger.system_account(client_id=world.client.pk, currency=world.client.currency, kind=kind)
        for kind in (ledger.SystemAccount.HOUSE, ledger.SystemAccount.PROMOTIONS, ledger.SystemAccount.REWARDS_PAYABLE)
    }
    return world.variables() | {
        "account": world.first_account(),
        "house": accounts["house"],
        "promotions": accounts["promotions"],
        "payable": accounts["rewards_payable"],
    }


def _address(url: str) -> tuple[str, dict[str, str]]:
    """The address without its password, which a command line would show, and the environment that holds it."""
    password = urlsplit(url).password
    if not password:
        return url, dict(os.environ)
    return url.replace(f":{password}@", "@", 1), dict(os.environ) | {"PGPASSWORD": unquote(password)}


def _number(pattern: str, said: str) -> float:
    found = re.search(pattern, said)
    if found is None:
        raise Refused(f"pgbench said: {said.strip()[-300:]}")
    return float(found[1])


_REWARDS = """
DROP TABLE IF EXISTS benchmark_reward;
DROP SEQUENCE IF EXISTS benchmark_counter;
CREATE SEQUENCE benchmark_counter CACHE 1;
CREATE TABLE benchmark_reward AS
SELECT row_number() OVER (ORDER BY random()) AS n, reward.id, account.id AS account_id
  FROM rewards_reward reward
  JOIN users_gamer gamer ON gamer.id = reward.gamer_id
  JOIN wallet_account account ON account.wallet_id = gamer.wallet_id AND account.kind = 'earned'
 WHERE reward.status = 'UNCLAIMED';
CREATE UNIQUE INDEX ON benchmark_reward (n);
ANALYZE benchmark_reward;
"""

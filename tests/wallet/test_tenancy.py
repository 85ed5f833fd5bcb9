"""Composite foreign keys: what is one client's cannot even be written into another's, and currencies never mix."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.factories import ClientFactory
from tests.support.http import StudioCaller
from tests.support.money import copy_row, new_id, one, refused_by, rows

pytestmark = pytest.mark.django_db

WALLET = ("wallet_wallet", ["client_id", "id"])
GAMER = ("users_gamer", ["client_id", "id"])
ACCOUNT = ("wallet_account", ["id", "currency"])
# constraint: its table and columns, and what they refer to.
EXPECTED: dict[str, tuple[str, list[str], str, list[str]]] = {
    "account_wallet_same_client": ("wallet_account", ["client_id", "wallet_id"], *WALLET),
    "transaction_wallet_same_client": ("wallet_transaction", ["client_id", "wallet_id"], *WALLET),
    "deposit_wallet_same_client": ("wallet_deposit", ["client_id", "wallet_id"], *WALLET),
    "posting_source_currency": ("wallet_posting", ["source_id", "currency"], *ACCOUNT),
    "posting_destination_currency": ("wallet_posting", ["destination_id", "currency"], *ACCOUNT),
    "gamer_wallet_same_client": ("users_gamer", ["client_id", "wallet_id"], *WALLET),
    "session_gamer_same_client": ("users_gamersession", ["client_id", "gamer_id"], *GAMER),
    "suspension_gamer_same_client": ("users_suspension", ["client_id", "gamer_id"], *GAMER),
    "participation_gamer_client": ("esports_participation", ["client_id", "gamer_id"], *GAMER),
    "participation_tournament_client": (
        "esports_participation", ["client_id", "tournament_id"], "esports_tournament", ["client_id", "id"],
    ),
    "event_participation_client": (
        "esports_scoreevent", ["client_id", "participation_id"], "esports_participation", ["client_id", "id"],
    ),
}  # fmt: skip
_COMPOSITE = """
SELECT conname, conrelid::regclass::text, ARRAY(
           SELECT attname::text FROM unnest(conkey) WITH ORDINALITY AS k (attnum, n)
             JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = k.attnum ORDER BY n),
       confrelid::regclass::text, ARRAY(
           SELECT attname::text FROM unnest(confkey) WITH ORDINALITY AS k (attnum, n)
             JOIN pg_attribute a ON a.attrelid = confrelid AND a.attnum = k.attnum ORDER BY n),
       convalidated AND conenforced
  FROM pg_constraint WHERE contype = 'f' AND cardinality(conkey) > 1
"""


def test_the_catalogue_has_every_composite_foreign_key() -> None:
    found = {name: rest for name, *rest in rows(_COMPOSITE)}
    missing = {name: found.get(name) for name, wanted in EXPECTED.items() if found.get(name) != [*wanted, True]}
    assert missing == {}


def test_foreign_keys_of_tables_with_a_client_include_the_client() -> None:
    """A table that names a client and refers to something of a client refers to both together."""
    composite = {(table, columns[1]) for _, table, columns, _, _, _ in rows(_COMPOSITE) if columns[0] == "client_id"}
    assert {(table, column) for table, column in rows(_TENANTS_REFERENCES)} - composite == NOT_TIED.keys()


# (table, column): why the reference need not go through the client.
NOT_TIED = {("esports_tournament", "escrow_id"): "a system account, opened in the same transaction for this client"}
_TENANTS_REFERENCES = """
WITH tenants AS (SELECT attrelid FROM pg_attribute WHERE attname = 'client_id' AND attrelid IN
                 (SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace))
SELECT conrelid::regclass::text, attname::text
  FROM pg_constraint
  JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
 WHERE contype = 'f' AND cardinality(conkey) = 1
   AND conrelid IN (SELECT attrelid FROM tenants) AND confrelid IN (SELECT attrelid FROM tenants)
"""


@dataclass
class Games:
    """Two clients, each with a gamer who plays in a tournament, was suspended and got a deposit."""

    ours: str
    theirs: str

    def id(self, table: str, client_id: str) -> Any:
        """The id of a client's first row in a table."""
        return one(f"SELECT id FROM {table} WHERE client_id = %s ORDER BY id LIMIT 1", client_id)


@pytest.fixture
def games() -> Games:
    """Two games with the same things in each."""
    studios = [StudioCaller.of(ClientFactory()), StudioCaller.of(ClientFactory(currency="GEMS"))]
    for studio in studios:
        gamer = studio.gamer("player-1")
        studio.deposit("player-1", 5, "order-1").ok(201)
        uid = studio.tournament()
        gamer.join(uid).ok()
        gamer.score(uid, 1).ok()
        studio.post("/s2s/gamers/player-1/suspend", {"reason": "cheating"}).ok()
        studio.post("/s2s/gamers/player-1/lift", {"reason": "was not"}).ok()
    return Games(*(studio.client_id for studio in studios))


def _posting(column: str) -> Callable[[Games], dict[str, Any]]:
    theirs = "SELECT id FROM wallet_account WHERE client_id = %s AND kind = 'bonus'"
    return lambda games: {"id": 10**9, column: one(theirs, games.theirs)}


def _free_wallet_of_ours(games: Games) -> dict[str, Any]:
    wallet = new_id()
    copy_row("wallet_wallet", games.id("wallet_wallet", games.ours), id=wallet, address="0x" + "1" * 40)
    return {"id": new_id(), "client_id": games.theirs, "user_id": "another", "wallet_id": wallet}


def _fresh(**more: Any) -> Callable[[Games], dict[str, Any]]:
    return lambda games: {"id": new_id(), "client_id": games.theirs} | more


# constraint: what is written into a copy of one of our rows to make it reach into the other client.
INTRUSIONS: dict[str, Callable[[Games], dict[str, Any]]] = {
    "account_wallet_same_client": lambda games: {"id": 10**9, "client_id": games.theirs},
    "transaction_wallet_same_client": _fresh(reference="another"),
    "deposit_wallet_same_client": _fresh(reference="another"),
    "posting_source_currency": _posting("source_id"),
    "posting_destination_currency": _posting("destination_id"),
    "gamer_wallet_same_client": _free_wallet_of_ours,
    "session_gamer_same_client": _fresh(ended_at="2030-01-01T00:00:00Z"),
    "suspension_gamer_same_client": lambda games: {"id": 10**9, "client_id": games.theirs},
    "participation_gamer_client": lambda games: {
        "id": new_id(), "gamer_id": games.id("users_gamer", games.theirs),
    },
    "participation_tournament_client": lambda games: {
        "id": new_id(), "tournament_id": games.id("esports_tournament", games.theirs),
    },
    "event_participation_client": lambda games: {
        "id": 10**9, "participation_id": games.id("esports_participation", games.theirs),
    },
}  # fmt: skip


def test_a_row_that_reaches_into_another_client_is_refused(games: Games) -> None:
    for constraint, intrusion in INTRUSIONS.items():
        table = EXPECTED[constraint][0]
        row = one("SELECT min(id) FROM wallet_posting") if table == "wallet_posting" else games.id(table, games.ours)
        with refused_by(constraint):
            copy_row(table, row, **intrusion(games))
    assert INTRUSIONS.keys() == EXPECTED.keys()

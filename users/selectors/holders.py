"""The gamers of wallets, with the facts that operators weigh before money leaves."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

# A device that hundreds of gamers share is an emulator's default and says nothing about one of them.
OTHERS_COUNTED_TO = 100


@dataclass(frozen=True)
class WalletHolder:
    """The gamer of a wallet. Counts of other gamers cover all games and name nobody."""

    wallet_id: uuid.UUID
    gamer_id: uuid.UUID
    user_id: str
    client_id: uuid.UUID
    client_name: str
    created_at: datetime
    linked_at: datetime | None
    suspended_at: datetime | None
    suspended_for: str
    hold_until: datetime | None
    # Other gamers with the same KGeN account or the same device, counted up to `OTHERS_COUNTED_TO`.
    same_phone: int
    same_device: int


def holders_of(wallet_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, WalletHolder]:
    """The gamers of wallets, by wallet id, read by one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLDERS, {"wallets": list(wallet_ids), "most": OTHERS_COUNTED_TO})
        found = [WalletHolder(*row) for row in cursor.fetchall()]
    return {holder.wallet_id: holder for holder in found}


_HOLDERS = """
SELECT gamer.wallet_id, gamer.id, gamer.user_id, gamer.client_id, client.name, gamer.created_at, gamer.linked_at,
       gamer.suspended_at, coalesce(stretch.reason, ''), gamer.withdrawal_hold_until, phone.others, device.others
  FROM users_gamer gamer
  JOIN users_client client ON client.id = gamer.client_id
  LEFT JOIN users_suspension stretch ON stretch.gamer_id = gamer.id AND stretch.lifted_at IS NULL
 CROSS JOIN LATERAL (SELECT count(*) AS others FROM (
       SELECT 1 FROM users_gamer other
        WHERE other.kgen_account_id = gamer.kgen_account_id AND other.id <> gamer.id LIMIT %(most)s) AS found) AS phone
 CROSS JOIN LATERAL (SELECT count(*) AS others FROM (
       SELECT 1 FROM users_gamer other
        WHERE other.device_id = gamer.device_id AND other.device_id <> '' AND other.id <> gamer.id
        LIMIT %(most)s) AS found) AS device
 WHERE gamer.wallet_id = ANY(%(wallets)s)
"""

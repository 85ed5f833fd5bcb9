"""Who may be paid, in words that the ledger understands: it knows wallets, not gamers and games."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True)
class Payee:
    """The holder of a wallet as a withdrawal sees it. Amounts are whole units; None is no limit."""

    gamer_id: UUID
    # The studio's own name for the gamer.
    user_id: str
    client_id: UUID
    client_active: bool
    suspended: bool
    # The KGeN account that is linked and its wallet, and until when a fresh link is held.
    account_id: UUID | None
    address: str | None
    hold_until: datetime | None
    minimum: int
    maximum: int | None
    daily_limit: int | None
    approval_above: int | None


def payee_of(wallet_id: UUID) -> Payee:
    """The holder of a wallet, as things stand now: ask under the wallet's lock."""
    find: Callable[[UUID], Payee] = import_string(settings.PAYEE_LOOKUP)
    return find(wallet_id)

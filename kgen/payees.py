"""The holder of a wallet and its limits, for withdrawals: `wallet` must not import `users`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True)
class Payee:
    """The holder of a wallet, with all that decides about a withdrawal. Amounts are whole units; None is no limit."""

    gamer_id: UUID
    # The gamer's id at the studio.
    user_id: str
    client_id: UUID
    client_active: bool
    suspended: bool
    # The linked KGeN account and its address, and the end of the hold that follows a new link.
    account_id: UUID | None
    address: str | None
    hold_until: datetime | None
    minimum: int
    maximum: int | None
    daily_limit: int | None
    approval_above: int | None


def payee_of(wallet_id: UUID) -> Payee:
    """The present holder of a wallet. Call it under the wallet's lock."""
    find: Callable[[UUID], Payee] = import_string(settings.PAYEE_LOOKUP)
    return find(wallet_id)

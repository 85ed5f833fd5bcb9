"""Questions about clients, gamers and sessions. Each takes the client, so that tenancy can't be forgotten."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from kgen.api.fields import is_clean_reference
from kgen.clock import ClockTimestamp
from kgen.errors import RecordNotFound, Unauthorized
from kgen.payees import Payee
from users import secrets
from users.errors import GamerSuspended
from users.models import Client, ClientSecret, Gamer, GamerSession


def gamer_by_user_id(client: Client, user_id: str) -> Gamer:
    """The client's gamer of that name.

    :raises RecordNotFound: it has none.
    """
    # What can be no user_id need not trouble the database, which refuses some of it (NUL).
    gamer = None
    if is_clean_reference(user_id):
        gamer = Gamer.objects.select_related("client").filter(client=client, user_id=user_id).first()
    if gamer is None:
        raise RecordNotFound()
    return gamer


def gamers_by_user_id(client_id: uuid.UUID, user_ids: Iterable[str]) -> dict[str, Gamer]:
    """The client's gamers of those names, by name; unknown ones are missing."""
    rows = Gamer.objects.filter(client=client_id, user_id__in=set(user_ids)).only("id", "user_id", "suspended_at")
    return {gamer.user_id: gamer for gamer in rows}


def names_of(gamer_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, tuple[str, str]]:
    """(user_id, username) of gamers, by id."""
    rows = Gamer.objects.filter(pk__in=list(gamer_ids)).values_list("id", "user_id", "username")
    return {id: (user_id, username) for id, user_id, username in rows}


def check_not_suspended(gamer: Gamer) -> None:
    """
    :raises GamerSuspended: the gamer is.
    """
    if gamer.suspended_at is not None:
        raise GamerSuspended()


def live_sessions() -> QuerySet[GamerSession]:
    """Sessions that are neither ended nor over, of clients that are switched on."""
    return GamerSession.objects.filter(ended_at=None, expires_at__gt=ClockTimestamp(), client__active=True)


def session_of_claims(claims: dict[str, Any]) -> GamerSession:
    """The live session behind an access token's claims, with its gamer and client.

    :raises Unauthorized: it is ended, over, or not what the token says.
    """
    try:
        session_id, gamer_id, client_id = (uuid.UUID(str(claims[name])) for name in ("sid", "sub", "iss"))
    except ValueError:
        raise Unauthorized() from None
    session = (
        live_sessions().select_related("gamer__client").filter(pk=session_id, gamer=gamer_id, client=client_id).first()
    )
    if session is None:
        raise Unauthorized()
    return session


def client_of_secret(client_id: str, secret: str) -> tuple[Client, ClientSecret]:
    """The switched-on client whose live secret this is.

    :raises Unauthorized: unknown, wrong, revoked or switched off; all take alike.
    """
    try:
        known = uuid.UUID(client_id)
    except ValueError:
        known = uuid.UUID(int=0)
    rows = list(ClientSecret.objects.select_related("client").filter(client=known, revoked_at=None))
    if not secrets.matches(secret, [bytes(row.digest) for row in rows]):
        raise Unauthorized()
    row = next(row for row in rows if secrets.matches(secret, [bytes(row.digest)]))
    if not row.client.active:
        raise Unauthorized()
    return row.client, row


def payee_of(wallet_id: uuid.UUID) -> Payee:
    """The holder of a wallet as a withdrawal sees it (kgen.payees)."""
    gamer = Gamer.objects.select_related("client", "kgen_account").get(wallet=wallet_id)
    client, account = gamer.client, gamer.kgen_account
    return Payee(
        gamer_id=gamer.pk,
        client_id=client.pk,
        client_active=client.active,
        suspended=gamer.suspended_at is not None,
        address=account.address if account else None,
        hold_until=gamer.withdrawal_hold_until,
        minimum=client.minimum_withdrawal,
        maximum=client.maximum_withdrawal,
        daily_limit=client.daily_withdrawal_limit,
        approval_above=client.approval_above,
    )


def sessions_due_to_expire(now: datetime, limit: int) -> QuerySet[GamerSession]:
    """Duty: sessions that are over but not yet marked ended."""
    return GamerSession.objects.filter(Q(ended_at=None), expires_at__lte=now).order_by("expires_at")[:limit]

"""Reads clients, gamers, sessions and phones. Every selector takes the client, so that tenancy can't be forgotten."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Count, Max, Q, QuerySet

from kgen.api.fields import id_of, is_clean_reference
from kgen.arrays import arrays
from kgen.clock import ClockTimestamp
from kgen.errors import GamerSuspended, RecordNotFound, Unauthorized
from kgen.payees import Payee
from users import secrets
from users.models import (
    Client,
    ClientSecret,
    CodeGuard,
    Gamer,
    GamerSession,
    KGenAccount,
    PhoneChallenge,
    SmsMessage,
)


def all_clients() -> QuerySet[Client]:
    """Every client, by name: for operators, within their limit (kgen.admin_site.scope)."""
    return Client.objects.order_by("name", "pk")


def gamer_by_user_id(client: Client, user_id: str) -> Gamer:
    """The client's gamer with that user id.

    :raises RecordNotFound: the client has no such gamer.
    """
    # Malformed ids are not looked up: the database refuses some of them (NUL).
    gamer = None
    if is_clean_reference(user_id):
        gamer = Gamer.objects.select_related("client").filter(client=client, user_id=user_id).first()
    if gamer is None:
        raise RecordNotFound()
    return gamer


class ScoringGamer(NamedTuple):
    """The columns of a gamer that bulk scores need, under the model's names. The key is text."""

    pk: str
    suspended_at: datetime | None


def gamers_by_user_id(client_id: uuid.UUID, user_ids: Iterable[str]) -> dict[str, ScoringGamer]:
    """The client's gamers by user id. Unknown ids are missing."""
    with connection.cursor() as cursor:
        # One array: binding a thousand parameters would take longer than finding the rows.
        cursor.execute(_GAMERS_BY_USER_ID, [client_id, list(set(user_ids))])
        return {user_id: ScoringGamer(*row) for user_id, *row in cursor.fetchall()}


def gamers_with_wallets(names: Collection[tuple[uuid.UUID, str]]) -> dict[tuple[uuid.UUID, str], Gamer]:
    """Gamers by (client, user id), with their wallets, KGeN accounts and clients. Unknown keys are missing."""
    by_client: dict[uuid.UUID, list[str]] = {}
    for client_id, user_id in names:
        by_client.setdefault(client_id, []).append(user_id)
    found = Gamer.objects.select_related("wallet", "kgen_account", "client")
    return {
        (client_id, gamer.user_id): gamer
        for client_id, user_ids in by_client.items()
        for gamer in found.filter(client=client_id, user_id__in=user_ids)
    }


def names_of(gamer_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, tuple[str, str]]:
    """(user_id, username) of gamers, by id."""
    rows = Gamer.objects.filter(pk__in=list(gamer_ids)).values_list("id", "user_id", "username")
    return {id: (user_id, username) for id, user_id, username in rows}


def check_not_suspended(gamer: "Gamer | SessionGamer | ScoringGamer") -> None:
    """Check that a gamer may act.

    :raises GamerSuspended: the gamer is suspended.
    """
    if gamer.suspended_at is not None:
        raise GamerSuspended()


def live_sessions() -> QuerySet[GamerSession]:
    """Sessions that are neither ended nor expired, of clients that are switched on."""
    return GamerSession.objects.filter(ended_at=None, expires_at__gt=ClockTimestamp(), client__active=True)


def session_of_claims(claims: dict[str, Any]) -> GamerSession:
    """The live session of an access token's claims, with its gamer and client.

    :raises Unauthorized: the session is ended, expired, or does not match the claims.
    """
    try:
        session_id, gamer_id, client_id = (uuid.UUID(str(claims[name])) for name in ("sid", "sub", "iss"))
    except ValueError:
        raise Unauthorized() from None
    with connection.cursor() as cursor:
        cursor.execute(_SESSION_OF_CLAIMS, [session_id, gamer_id, client_id])
        row = cursor.fetchone()
    if row is None:
        raise Unauthorized()
    return _session_of_row(row)


def _session_of_row(row: tuple[Any, ...]) -> GamerSession:
    """Session, gamer and client from a row of `_SESSION_OF_CLAIMS`. Other columns are loaded on access."""
    to_gamer, to_client = len(_SESSION_READ), len(_SESSION_READ) + len(_GAMER_READ)
    session = GamerSession.from_db("default", _SESSION_READ, row[:to_gamer])
    gamer = Gamer.from_db("default", _GAMER_READ, row[to_gamer:to_client])
    client = Client.from_db("default", _CLIENT_READ, row[to_client:])
    gamer.client, session.gamer, session.client = client, gamer, client
    return session


def client_of_secret(client_id: str, secret: str) -> tuple[Client, ClientSecret]:
    """The client that this live secret belongs to.

    :raises Unauthorized: unknown, wrong, revoked or switched off; all cases take the same time.
    """
    known = id_of(client_id) or uuid.UUID(int=0)
    rows = list(ClientSecret.objects.select_related("client").filter(client=known, revoked_at=None))
    if not secrets.matches(secret, [bytes(row.digest) for row in rows]):
        raise Unauthorized()
    row = next(row for row in rows if secrets.matches(secret, [bytes(row.digest)]))
    if not row.client.active:
        raise Unauthorized()
    return row.client, row


def payee_of(wallet_id: uuid.UUID) -> Payee:
    """The facts about a wallet's gamer that a withdrawal needs (kgen.payees)."""
    gamer = Gamer.objects.select_related("client", "kgen_account").get(wallet=wallet_id)
    client, account = gamer.client, gamer.kgen_account
    return Payee(
        gamer_id=gamer.pk,
        user_id=gamer.user_id,
        client_id=client.pk,
        client_active=client.active,
        suspended=gamer.suspended_at is not None,
        account_id=account.pk if account else None,
        address=account.address if account else None,
        hold_until=gamer.withdrawal_hold_until,
        minimum=client.minimum_withdrawal,
        maximum=client.maximum_withdrawal,
        daily_limit=client.daily_withdrawal_limit,
        approval_above=client.approval_above,
    )


def sessions_due_to_expire(now: datetime, limit: int) -> QuerySet[GamerSession]:
    """Duty: sessions that have expired but are not marked as ended."""
    return GamerSession.objects.filter(Q(ended_at=None), expires_at__lte=now).order_by("expires_at")[:limit]


def linked_account(gamer: Gamer) -> KGenAccount:
    """The KGeN account that a gamer is linked to.

    :raises RecordNotFound: the gamer is linked to none.
    """
    account = KGenAccount.objects.filter(pk=gamer.kgen_account_id).first() if gamer.kgen_account_id else None
    if account is None:
        raise RecordNotFound()
    return account


def account_of_phone(phone: str) -> KGenAccount | None:
    """The KGeN account of a number, over all games; None if the number is new to KGeN."""
    return KGenAccount.objects.filter(phone=phone).first()


@dataclass(frozen=True)
class Sendings:
    """The times of a number's recent messages, and of the last use of one of its codes."""

    sent: list[datetime]
    answered_at: datetime | None


def sendings_to(phone: str, *, since: datetime) -> Sendings:
    """The messages to a number, whichever gamers requested them."""
    rows = PhoneChallenge.objects.filter(phone=phone, created_at__gt=since).order_by("created_at")
    used = rows.aggregate(last=Max("used_at"))["last"]
    return Sendings(list(rows.values_list("created_at", flat=True)), used)


def other_numbers_of(gamer: Gamer, phone: str, *, since: datetime) -> int:
    """The number of other phone numbers to which a gamer has had codes sent."""
    rows = PhoneChallenge.objects.filter(gamer=gamer, created_at__gte=since).exclude(phone=phone)
    return rows.values("phone").distinct().count()


def sendings_to_range(number_range: str, *, since: datetime) -> tuple[int, int]:
    """(messages, messages that led to a link) of a range of numbers."""
    rows = PhoneChallenge.objects.filter(number_range=number_range, created_at__gt=since)
    counts = rows.aggregate(messages=Count("pk"), used=Count("used_at"))
    return counts["messages"], counts["used"]


def newest_challenge(gamer: Gamer, phone: str, auth_code: str) -> PhoneChallenge | None:
    """The gamer's newest challenge for this phone with this auth code."""
    rows = PhoneChallenge.objects.filter(gamer=gamer, phone=phone, auth_code=auth_code)
    return rows.order_by("-created_at").first()


def messages_to_send(now: datetime) -> QuerySet[SmsMessage]:
    """Duty: messages that are due and whose code is still valid, longest due first."""
    still_open = SmsMessage.objects.filter(sent_at=None, given_up_at=None, due_at__lte=now)
    return still_open.filter(challenge__expires_at__gt=now).order_by("due_at", "id")


def messages_to_give_up(now: datetime) -> QuerySet[SmsMessage]:
    """Duty: messages whose code expired before they were sent."""
    return SmsMessage.objects.filter(sent_at=None, given_up_at=None, challenge__expires_at__lte=now)


def challenges_to_forget(before: datetime) -> QuerySet[PhoneChallenge]:
    """Duty: challenges that no limit counts any longer."""
    return PhoneChallenge.objects.filter(created_at__lt=before).order_by("created_at")


def guards_to_forget(before: datetime) -> QuerySet[CodeGuard]:
    """Duty: guards that have not changed for longer than any lock lasts."""
    return CodeGuard.objects.filter(touched_at__lt=before).order_by("touched_at")


@dataclass(frozen=True, slots=True)
class SessionGamer:
    """The calling gamer with the columns that hot calls need, under the model's names."""

    pk: uuid.UUID
    client_id: uuid.UUID
    user_id: str
    wallet_id: uuid.UUID
    suspended_at: datetime | None
    minimum_withdrawal: int
    # The client's, as its row has them.
    origins: str


def gamers_of_claims(claims: Sequence[tuple[uuid.UUID, uuid.UUID, uuid.UUID]]) -> list[SessionGamer | None]:
    """The gamers of (session, gamer, client) claims, in their order; None if no such session is live."""
    with connection.cursor() as cursor:
        cursor.execute(_PLAYERS_OF_CLAIMS, arrays(claims))
        found = {number: SessionGamer(*player) for number, *player in cursor.fetchall()}
    return [found.get(number) for number in range(1, len(claims) + 1)]


# Runs on every call of a gamer. The ORM would spend more time on the fifty columns of the three tables, most of them
# profile fields that no call needs, than the database spends on finding the rows.
# The columns are in the models' order, as `from_db` requires.
_SESSION_READ = ["id", "client_id", "gamer_id", "started_at", "expires_at"]
_GAMER_READ = ["id", "client_id", "user_id", "wallet_id", "suspended_at", "username"]
_CLIENT_READ = ["id", "name", "active", "currency", "minimum_withdrawal", "origins"]
_COLUMNS = ", ".join(
    f"{table}.{name}"
    for table, names in (("session", _SESSION_READ), ("gamer", _GAMER_READ), ("client", _CLIENT_READ))
    for name in names
)
_SESSION_OF_CLAIMS = f"""
SELECT {_COLUMNS}
  FROM users_gamersession session
  JOIN users_gamer gamer ON gamer.id = session.gamer_id
  JOIN users_client client ON client.id = session.client_id
 WHERE session.id = %s AND session.gamer_id = %s AND session.client_id = %s
   AND session.ended_at IS NULL AND session.expires_at > clock_timestamp() AND client.active
"""
# The same for many.
_GAMERS_BY_USER_ID = """
SELECT user_id, id::text, suspended_at FROM users_gamer WHERE client_id = %s AND user_id = ANY(%s::text[])
"""
_PLAYERS_OF_CLAIMS = """
SELECT claim.number, gamer.id, gamer.client_id, gamer.user_id, gamer.wallet_id, gamer.suspended_at,
       client.minimum_withdrawal, client.origins
  FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) WITH ORDINALITY AS claim (session_id, gamer_id, client_id, number)
  JOIN users_gamersession session
    ON (session.id, session.gamer_id, session.client_id) = (claim.session_id, claim.gamer_id, claim.client_id)
  JOIN users_gamer gamer ON gamer.id = session.gamer_id
  JOIN users_client client ON client.id = session.client_id
 WHERE session.ended_at IS NULL AND session.expires_at > clock_timestamp() AND client.active
"""

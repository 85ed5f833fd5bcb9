"""A client's secrets and settings for operators."""

from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef

from kgen.api.cors import ActiveOrigins
from kgen.api.origins import listed
from kgen.errors import RecordNotFound
from users.models import Client, ClientSecret, SecretKind
from wallet.selectors import has_accounts

SECRETS_LISTED = 20


def secrets_of(client: Client) -> list[ClientSecret]:
    """A client's secrets, live ones first, then newest first. Only their hints are stored in clear."""
    rows = ClientSecret.objects.filter(client=client).order_by("-created_at", "-pk")[:SECRETS_LISTED]
    return sorted(rows, key=lambda secret: secret.revoked_at is not None)


def active_origins() -> ActiveOrigins:
    """The origins that active clients list, for preflights (kgen.api.cors)."""
    clients = Client.objects.filter(active=True).exclude(origins="")
    live = ClientSecret.objects.filter(client=OuterRef("pk"), kind=SecretKind.SESSIONS, revoked_at=None)
    rows = clients.annotate(has_pages=Exists(live)).values_list("origins", "has_pages")
    lists = [(listed(text), has_pages) for text, has_pages in rows]
    return ActiveOrigins(
        gamers=frozenset[str]().union(*(origins for origins, _ in lists)),
        sessions=frozenset[str]().union(*(origins for origins, has_pages in lists if has_pages)),
    )


def newest_secret(client_id: UUID) -> int:
    """The id of the secret that was issued last, live or not; 0 if there is none."""
    newest = ClientSecret.objects.filter(client=client_id).order_by("-pk").values_list("pk", flat=True)
    return newest.first() or 0


def is_currency_fixed(client: Client) -> bool:
    """Whether the client has accounts in its currency, which fixes it."""
    return has_accounts(client.pk)


def clients_with_expiry() -> list[Client]:
    """Clients that let unclaimed rewards expire."""
    return list(Client.objects.filter(reward_expiry_days__isnull=False))


def hold_currency(client_id: UUID) -> str:
    """Return a client's stored currency, and keep it from changing before this transaction ends.

    Whatever opens an account reads the currency here, because the caller's copy of the client may be stale. KEY SHARE
    is the lock that a foreign key takes anyway; it waits for a change of settings and blocks the next one.

    :raises RecordNotFound: the client does not exist.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT currency FROM users_client WHERE id = %s FOR KEY SHARE", [client_id])
        found = cursor.fetchone()
    if found is None:
        raise RecordNotFound()
    currency: str = found[0]
    return currency

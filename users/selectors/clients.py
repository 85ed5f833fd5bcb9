"""A client's secrets and settings for operators."""

from uuid import UUID

from django.db import connection

from kgen.errors import RecordNotFound
from users.models import Client, ClientSecret
from wallet.selectors import has_accounts

SECRETS_LISTED = 20


def secrets_of(client: Client) -> list[ClientSecret]:
    """A client's secrets, live ones first, then the newest. Only hints of them are known."""
    rows = ClientSecret.objects.filter(client=client).order_by("-created_at", "-pk")[:SECRETS_LISTED]
    return sorted(rows, key=lambda secret: secret.revoked_at is not None)


def newest_secret(client_id: UUID) -> int:
    """The id of the secret that was issued last, live or not; 0: none was."""
    newest = ClientSecret.objects.filter(client=client_id).order_by("-pk").values_list("pk", flat=True)
    return newest.first() or 0


def is_currency_fixed(client: Client) -> bool:
    """Whether anything is in the client's currency: then it stays as it is."""
    return has_accounts(client.pk)


def hold_currency(client_id: UUID) -> str:
    """A client's currency as it is stored, which nobody changes before this transaction has ended.

    What is opened in a currency asks here: the row in the caller's hands may be older. KEY SHARE is what a foreign key
    takes in any case; it waits for a change of settings and holds the next one.

    :raises RecordNotFound: there is no such client.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT currency FROM users_client WHERE id = %s FOR KEY SHARE", [client_id])
        found = cursor.fetchone()
    if found is None:
        raise RecordNotFound()
    currency: str = found[0]
    return currency

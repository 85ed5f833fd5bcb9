"""A client's secrets and settings for operators."""

from users.models import Client, ClientSecret
from wallet.selectors import has_accounts

SECRETS_LISTED = 20


def secrets_of(client: Client) -> list[ClientSecret]:
    """A client's secrets, live ones first, then the newest. Only hints of them are known."""
    rows = ClientSecret.objects.filter(client=client).order_by("-created_at", "-pk")[:SECRETS_LISTED]
    return sorted(rows, key=lambda secret: secret.revoked_at is not None)


def is_currency_fixed(client: Client) -> bool:
    """Whether anything is in the client's currency: then it stays as it is."""
    return has_accounts(client.pk)

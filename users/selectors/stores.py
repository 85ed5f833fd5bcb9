"""Reads stores and their codes."""

from datetime import datetime
from typing import NamedTuple

from django.db.models import QuerySet

from users.models import Client, Gamer, StoreCode


class Store(NamedTuple):
    """The store of a gamer's client, "" for none, and whether the gamer has a KGeN account."""

    url: str
    is_linked: bool


def store_of(gamer: Gamer) -> Store:
    """The store that a gamer may be sent to."""
    url, account_id = Gamer.objects.values_list("client__store_url", "kgen_account_id").get(pk=gamer.pk)
    return Store(url, account_id is not None)


def gamer_of_code(client: Client, digest: bytes) -> Gamer:
    """The gamer of the client's code with this digest, with wallet and KGeN account."""
    gamers = Gamer.objects.select_related("wallet", "kgen_account")
    return gamers.get(storecode__client=client, storecode__digest=digest)


def store_codes_to_forget(now: datetime) -> QuerySet[StoreCode]:
    """Duty: codes that have expired."""
    return StoreCode.objects.filter(expires_at__lte=now).order_by("expires_at")

"""Exact searches for clients, gamers and sessions, each by an index."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import QuerySet

from kgen.api.fields import is_clean_reference
from users.errors import InvalidPhoneNumber
from users.models import Client, Gamer, GamerSession, KGenAccount
from users.phones import ANY_COUNTRY, normalise


def clients_by_id(id: UUID) -> QuerySet[Client]:
    """The client of that id."""
    return Client.objects.filter(pk=id)


def gamers_by_id(id: UUID) -> QuerySet[Gamer]:
    """The gamer of that id."""
    return Gamer.objects.select_related("client").filter(pk=id)


def gamers_by_name(clients: Collection[UUID] | None, user_id: str) -> QuerySet[Gamer]:
    """Gamers with this user id. The index begins with the client, so the query names the clients (None: all)."""
    if not is_clean_reference(user_id):
        return Gamer.objects.none()
    known = list(clients) if clients is not None else list(Client.objects.values_list("pk", flat=True))
    return Gamer.objects.select_related("client").filter(client__in=known, user_id=user_id)


def gamers_by_wallet(wallets: Collection[UUID]) -> QuerySet[Gamer]:
    """The gamers of these wallets."""
    return Gamer.objects.select_related("client").filter(wallet__in=wallets)


def gamers_by_phone(text: str) -> QuerySet[Gamer]:
    """Gamers linked to a number with its country code; none if the text is no number."""
    try:
        number = normalise(text, "", allowed=ANY_COUNTRY)
    except InvalidPhoneNumber:
        return Gamer.objects.none()
    return _linked_to(KGenAccount.objects.filter(phone=number))


def gamers_by_kgen_address(address: str) -> QuerySet[Gamer]:
    """Gamers of the person whose KGeN wallet has this address."""
    return _linked_to(KGenAccount.objects.filter(address=address))


def sessions_by_id(id: UUID) -> QuerySet[GamerSession]:
    """The session of that id."""
    return GamerSession.objects.select_related("gamer").filter(pk=id)


def _linked_to(accounts: QuerySet[KGenAccount]) -> QuerySet[Gamer]:
    return Gamer.objects.select_related("client").filter(kgen_account__in=list(accounts))

"""Journeys of clients' secrets."""

from datetime import timedelta
from uuid import UUID

from django.db.models import Q

from kgen.clock import database_now
from kgen.errors import RecordNotFound
from kgen.transactions import transactional
from users import secrets
from users.errors import LastSecret, SecretsMoved
from users.models import Client, ClientSecret
from users.selectors.clients import newest_secret

SECRET_USE_RESOLUTION = timedelta(minutes=1)


@transactional
def issue_secret(*, client_id: UUID, newest_seen: int | None = None) -> str:
    """A new secret of a client, given out this once. With two live ones the older is revoked.

    `newest_seen` is the newest one that the operator was shown: a form that is sent twice revokes nothing in use.

    :raises RecordNotFound: no such client.
    :raises SecretsMoved: another one was issued since.
    """
    if not Client.objects.select_for_update().filter(pk=client_id).exists():
        raise RecordNotFound()
    if newest_seen is not None and newest_seen != newest_secret(client_id):
        raise SecretsMoved()
    return add_secret(client_id)


def add_secret(client_id: UUID) -> str:
    """Make the secret; within a journey that has the client's row locked, or has just made it."""
    now = database_now()
    live = list(ClientSecret.objects.filter(client=client_id, revoked_at=None).order_by("created_at"))
    if len(live) == 2:
        ClientSecret.objects.filter(pk=live[0].pk).update(revoked_at=now)
    taken = {secret.slot for secret in live[-1:]}
    secret = secrets.new_secret()
    ClientSecret.objects.create(
        client_id=client_id,
        slot=1 if 1 not in taken else 2,
        digest=secrets.digest(secret),
        hint=secret[: secrets.HINT_LENGTH],
        created_at=now,
    )
    return secret


@transactional
def revoke_secret(*, client_id: UUID, secret_id: int) -> None:
    """End a secret at once. Again changes nothing.

    :raises RecordNotFound: the client has none of that id.
    :raises LastSecret: it is the only live one.
    """
    # The lock under which secrets are issued: none is made or ended meanwhile.
    if not Client.objects.select_for_update().filter(pk=client_id).exists():
        raise RecordNotFound()
    secret = ClientSecret.objects.filter(client=client_id, pk=secret_id).first()
    if secret is None:
        raise RecordNotFound()
    if secret.revoked_at is not None:
        return
    if not ClientSecret.objects.filter(client=client_id, revoked_at=None).exclude(pk=secret_id).exists():
        raise LastSecret()
    ClientSecret.objects.filter(pk=secret_id).update(revoked_at=database_now())


def note_secret_used(secret: ClientSecret) -> None:
    """Keep when a secret was last used, to the minute."""
    now = database_now()
    if secret.last_used_at is None or now - secret.last_used_at > SECRET_USE_RESOLUTION:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - SECRET_USE_RESOLUTION)
        ClientSecret.objects.filter(stale, pk=secret.pk).update(last_used_at=now)

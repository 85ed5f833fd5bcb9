"""Issues and revokes the secrets of clients."""

from datetime import timedelta
from uuid import UUID

from django.db.models import Q

from kgen.clock import database_now
from kgen.errors import RecordNotFound
from kgen.transactions import transactional
from users import secrets
from users.errors import LastSecret, SecretsMoved
from users.models import Client, ClientSecret, SecretKind
from users.selectors.clients import newest_secret

SECRET_USE_RESOLUTION = timedelta(minutes=1)


@transactional
def issue_secret(*, client_id: UUID, kind: SecretKind = SecretKind.SERVER, newest_seen: int | None = None) -> str:
    """Issue a new secret and return it, the only time it is shown. If two of its kind are live, revokes the older one.

    `newest_seen` is the id of the newest secret on the operator's page: a form sent twice revokes no secret in use.

    :raises RecordNotFound: the client does not exist.
    :raises SecretsMoved: another secret was issued since.
    """
    if not Client.objects.select_for_update().filter(pk=client_id).exists():
        raise RecordNotFound()
    if newest_seen is not None and newest_seen != newest_secret(client_id):
        raise SecretsMoved()
    return add_secret(client_id, kind)


def add_secret(client_id: UUID, kind: SecretKind = SecretKind.SERVER) -> str:
    """Add a secret and return it. The caller's transaction has locked the client's row, or just made it."""
    now = database_now()
    of_kind = ClientSecret.objects.filter(client=client_id, kind=kind, revoked_at=None)
    live = list(of_kind.order_by("created_at"))
    if len(live) == 2:
        ClientSecret.objects.filter(pk=live[0].pk).update(revoked_at=now)
    taken = {secret.slot for secret in live[-1:]}
    secret = secrets.new_secret()
    ClientSecret.objects.create(
        client_id=client_id,
        kind=kind,
        slot=1 if 1 not in taken else 2,
        digest=secrets.digest(secret),
        hint=secret[: secrets.HINT_LENGTH],
        created_at=now,
    )
    return secret


@transactional
def revoke_secret(*, client_id: UUID, secret_id: int) -> None:
    """Revoke a secret at once. A repetition changes nothing.

    :raises RecordNotFound: the client has no secret of that id.
    :raises LastSecret: it is the only live secret of the studio's server.
    """
    # Issuing takes the same lock, so that no secret is issued or revoked meanwhile.
    if not Client.objects.select_for_update().filter(pk=client_id).exists():
        raise RecordNotFound()
    secret = ClientSecret.objects.filter(client=client_id, pk=secret_id).first()
    if secret is None:
        raise RecordNotFound()
    if secret.revoked_at is not None:
        return
    others = ClientSecret.objects.filter(client=client_id, kind=SecretKind.SERVER, revoked_at=None)
    if secret.kind == SecretKind.SERVER and not others.exclude(pk=secret_id).exists():
        raise LastSecret()
    ClientSecret.objects.filter(pk=secret_id).update(revoked_at=database_now())


def note_secret_used(secret: ClientSecret) -> None:
    """Record the last use of a secret, to the minute."""
    now = database_now()
    if secret.last_used_at is None or now - secret.last_used_at > SECRET_USE_RESOLUTION:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - SECRET_USE_RESOLUTION)
        ClientSecret.objects.filter(stale, pk=secret.pk).update(last_used_at=now)

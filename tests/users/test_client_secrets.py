"""Client secrets: two live at a time, told once, kept only as keyed digests, gone when revoked."""

import hashlib
import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from kgen.errors import RecordNotFound
from tests.support.http import Caller, StudioCaller
from users.models import Client, ClientSecret
from users.secrets import digest
from users.services import issue_secret

pytestmark = pytest.mark.django_db


def opens(client: Client, secret: str) -> bool:
    """Whether the secret is taken; if not it must be the one refusal."""
    answer = Caller({"x-client-id": str(client.pk), "x-client-secret": secret}).get("/s2s/esports/tournaments")
    if answer.status == 200:
        return True
    answer.refused(401, "UN_AUTHORIZED")
    return False


def test_a_third_live_secret_revokes_the_oldest(client_row: Client) -> None:
    first = issue_secret(client_id=client_row.pk)
    assert opens(client_row, first)
    second = issue_secret(client_id=client_row.pk)
    assert (opens(client_row, first), opens(client_row, second)) == (True, True)
    third = issue_secret(client_id=client_row.pk)
    assert [opens(client_row, secret) for secret in (first, second, third)] == [False, True, True]
    fourth = issue_secret(client_id=client_row.pk)
    assert [opens(client_row, secret) for secret in (first, second, third, fourth)] == [False, False, True, True]
    live = ClientSecret.objects.filter(client=client_row, revoked_at=None)
    assert sorted(live.values_list("slot", flat=True)) == [1, 2]
    assert ClientSecret.objects.filter(client=client_row).count() == 4


def test_a_revoked_secret_is_refused_at_once(studio: StudioCaller, client_row: Client) -> None:
    assert opens(client_row, studio.secret)
    ClientSecret.objects.update(revoked_at=F("created_at"))
    assert not opens(client_row, studio.secret)


def test_a_secret_is_a_prefix_and_256_random_bits(client_row: Client) -> None:
    secrets = [issue_secret(client_id=client_row.pk) for _ in range(5)]
    assert len(set(secrets)) == 5
    assert all(re.fullmatch(r"kgs_[A-Za-z0-9_-]{43}", secret) for secret in secrets)


def test_a_secret_works_only_for_its_client(client_row: Client, other_studio: StudioCaller) -> None:
    assert not opens(client_row, other_studio.secret)
    with pytest.raises(RecordNotFound):
        issue_secret(client_id=uuid.uuid4())


def test_only_a_keyed_digest_is_stored_anywhere(client_row: Client, settings: Any) -> None:
    secret = issue_secret(client_id=client_row.pk)
    assert opens(client_row, secret)
    [row] = ClientSecret.objects.all()
    assert bytes(row.digest) == digest(secret)
    assert len(bytes(row.digest)) == 32
    assert row.hint == secret[:10]
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(
                f'SELECT count(*) FROM "{table}" AS row WHERE position(%s in row::text) > 0', [secret[10:30]]
            )
            assert cursor.fetchone() == (0,), table
    plain = hashlib.sha256(secret.encode()).digest()
    assert bytes(row.digest) != plain
    # Without the pepper a stolen table opens nothing.
    settings.PEPPER = b"another pepper, 32 bytes or more."
    assert digest(secret) != bytes(row.digest)
    assert not opens(client_row, secret)


def test_the_database_refuses_a_third_live_secret(client_row: Client) -> None:
    issue_secret(client_id=client_row.pk)
    issue_secret(client_id=client_row.pk)
    row = ClientSecret.objects.filter(slot=1).get()
    for slot in (1, 2, 3, 0):
        with pytest.raises(IntegrityError), transaction.atomic():
            ClientSecret.objects.create(
                client=client_row, slot=slot, digest=b"x" * 32, hint="kgs_", created_at=row.created_at
            )


def test_the_last_use_of_a_secret_is_kept_to_the_minute(studio: StudioCaller) -> None:
    assert ClientSecret.objects.get().last_used_at is None
    studio.get("/s2s/esports/tournaments").ok()
    first = ClientSecret.objects.get().last_used_at
    assert first is not None
    studio.get("/s2s/esports/tournaments").ok()
    assert ClientSecret.objects.get().last_used_at == first
    ClientSecret.objects.update(last_used_at=first - timedelta(seconds=61))
    studio.get("/s2s/esports/tournaments").ok()
    last = ClientSecret.objects.get().last_used_at
    assert last is not None
    assert last >= first


def test_a_wrong_secret_does_not_count_as_a_use(studio: StudioCaller, client_row: Client) -> None:
    assert not opens(client_row, studio.secret + "x")
    assert ClientSecret.objects.get().last_used_at is None

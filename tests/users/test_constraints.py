"""What the database itself refuses about clients, gamers and sessions, whoever writes it."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from tests.support.http import StudioCaller
from users.models import Client, Gamer, GamerSession, Suspension
from wallet.models import Wallet

pytestmark = pytest.mark.django_db


def refused_by_database(sql: str, *arguments: Any) -> str:
    """The name of the constraint that refuses the statement, at the latest when it would be committed."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, arguments)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except IntegrityError as error:
        return str(error.__cause__.diag.constraint_name)  # type: ignore[union-attr]
    pytest.fail("the database took it")


@pytest.fixture
def pair(studio: StudioCaller, other_studio: StudioCaller) -> tuple[Gamer, Gamer]:
    """Two gamers of one name, of two clients."""
    studio.gamer("u")
    other_studio.gamer("u")
    studio.post("/s2s/gamers/u/suspend", {"reason": "r"}).ok()
    return Gamer.objects.get(client=studio.client_id), Gamer.objects.get(client=other_studio.client_id)


def test_the_database_refuses_a_gamer_with_another_clients_wallet(pair: tuple[Gamer, Gamer]) -> None:
    own, foreign = pair
    Wallet.objects.create(
        client_id=foreign.client_id, currency="KCASH", address="0x" + "a" * 40, created_at=own.created_at
    )
    spare = Wallet.objects.get(address="0x" + "a" * 40)
    sql = "UPDATE users_gamer SET wallet_id = %s WHERE id = %s"
    assert refused_by_database(sql, spare.pk, own.pk) == "gamer_wallet_same_client"
    assert "wallet_id" in refused_by_database(sql, foreign.wallet_id, own.pk)


def test_sessions_and_suspensions_need_a_gamer_of_the_same_client(pair: tuple[Gamer, Gamer]) -> None:
    own, foreign = pair
    for table, name in (("users_gamersession", "session"), ("users_suspension", "suspension")):
        sql = f"UPDATE {table} SET client_id = %s WHERE gamer_id = %s"
        assert refused_by_database(sql, foreign.client_id, own.pk) == f"{name}_gamer_same_client"


def test_a_gamer_cannot_change_its_client(pair: tuple[Gamer, Gamer]) -> None:
    own, foreign = pair
    sql = "UPDATE users_gamer SET client_id = %s, user_id = 'moved' WHERE id = %s"
    assert refused_by_database(sql, foreign.client_id, own.pk).endswith("same_client")


def test_a_user_id_is_unique_within_a_client(pair: tuple[Gamer, Gamer]) -> None:
    own, _ = pair
    copy = {
        f.attname: getattr(own, f.attname) for f in Gamer._meta.concrete_fields if f.attname not in ("id", "wallet_id")
    }
    wallet = Wallet.objects.create(
        client_id=own.client_id, currency="KCASH", address="0x" + "b" * 40, created_at=own.created_at
    )
    with pytest.raises(IntegrityError, match="one_gamer_per_user_id"), transaction.atomic():
        Gamer.objects.create(**copy, wallet=wallet)


def test_a_gamer_has_one_live_session_with_a_positive_length(pair: tuple[Gamer, Gamer]) -> None:
    own, _ = pair
    session = GamerSession.objects.get(gamer=own)
    with pytest.raises(IntegrityError, match="one_live_session"), transaction.atomic():
        GamerSession.objects.create(
            client_id=own.client_id, gamer=own, started_at=session.started_at, expires_at=session.expires_at
        )
    with pytest.raises(IntegrityError, match="session_has_length"), transaction.atomic():
        GamerSession.objects.filter(pk=session.pk).update(expires_at=F("started_at"))


def test_a_gamer_has_one_open_suspension(pair: tuple[Gamer, Gamer]) -> None:
    own, _ = pair
    with pytest.raises(IntegrityError, match="one_open_suspension"), transaction.atomic():
        Suspension.objects.create(client_id=own.client_id, gamer=own, started_at=own.created_at, reason="x")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("welcome_bonus", -1),
        ("welcome_bonus", 10**12 + 1),
        ("minimum_withdrawal", -1),
        ("sponsorship_limit", -1),
        ("currency", "kcash"),
        ("currency", "K"),
        ("currency", ""),
    ],
)
def test_client_settings_outside_their_bounds_are_refused(client_row: Client, field: str, value: Any) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Client.objects.filter(pk=client_row.pk).update(**{field: value})

"""First session calls at once, and one that is killed half way: exactly one gamer, one wallet, one bonus, or none."""

import pytest
from django.db import connection

from tests.support.http import StudioCaller
from tests.support.rows import snapshot
from tests.support.threads import at_once, begin_blocked, holding, ledger_faults
from tests.support.waiting import eventually
from users.errors import CurrencyFixed
from users.models import Client, Gamer, GamerSession, NewGamers
from users.services import change_settings, open_session
from users.services.clients import settings_of
from wallet.models import Transaction, Wallet

pytestmark = pytest.mark.usefixtures("committed")


def test_many_first_calls_at_once_make_one_gamer_with_one_bonus(studio: StudioCaller) -> None:
    answers = at_once(16, lambda: studio.post("/s2s/session", {"user_id": "u"}))
    sessions = [answer.ok() for answer in answers]
    assert sorted(session["is_new_user"] for session in sessions) == [False] * 15 + [True]
    assert len({session["wallet_address"] for session in sessions}) == 1
    assert len({session["session_id"] for session in sessions}) == 1
    assert (Gamer.objects.count(), Wallet.objects.count(), GamerSession.objects.count()) == (1, 1, 1)
    assert Transaction.objects.filter(kind="WELCOME_BONUS").count() == 1
    assert studio.gamer("u").buckets() == (50, 0, 0)
    assert sum(NewGamers.objects.values_list("count", flat=True)) == 1
    assert ledger_faults() == []


def test_a_first_call_killed_half_way_writes_no_row(studio: StudioCaller) -> None:
    before = snapshot()
    # Gamer and wallet are written by then; the bonus' posting waits.
    with holding("LOCK TABLE wallet_posting IN EXCLUSIVE MODE", []):
        [killed] = begin_blocked(lambda: studio.post("/s2s/session", {"user_id": "u"}))
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            assert cursor.fetchall() == [(True,)]
        eventually(lambda: not killed.is_alive())
    killed.result().refused(503, "UNAVAILABLE")
    assert snapshot() == before
    gamer = studio.gamer("u")
    assert gamer.session["is_new_user"] is True
    assert gamer.buckets() == (50, 0, 0)
    assert ledger_faults() == []


def test_a_first_call_waits_for_a_concurrent_first_call(studio: StudioCaller) -> None:
    def call() -> bool:
        return bool(studio.post("/s2s/session", {"user_id": "u"}).ok()["is_new_user"])

    with holding("LOCK TABLE wallet_posting IN EXCLUSIVE MODE", []):
        first, second = begin_blocked(call, call)
    assert (first.result(), second.result()) == (True, False)
    assert studio.gamer("u").buckets() == (50, 0, 0)


def test_a_wallet_gets_the_currency_of_a_change_before_it(client_row: Client) -> None:
    """The caller's client was read before: for some seconds it is known from a cache."""
    seen = settings_of(client_row)
    change_settings(client_id=client_row.pk, settings=seen | {"currency": "GOLD"}, seen=seen)
    assert client_row.currency != "GOLD"
    opened = open_session(client=client_row, user_id="ann", profile={})
    assert opened.gamer.wallet.currency == "GOLD"
    assert Wallet.objects.get().currency == "GOLD"
    assert ledger_faults() == []


def test_a_currency_cannot_change_while_a_first_session_opens(studio: StudioCaller, client_row: Client) -> None:
    seen = settings_of(client_row)

    def change() -> None:
        change_settings(client_id=client_row.pk, settings=seen | {"currency": "GOLD"}, seen=seen)

    with holding("LOCK TABLE wallet_posting IN EXCLUSIVE MODE", []):
        [first] = begin_blocked(lambda: studio.post("/s2s/session", {"user_id": "ann"}).ok())
        [second] = begin_blocked(change)
    first.result()
    with pytest.raises(CurrencyFixed):
        second.result()
    assert Wallet.objects.get().currency == Client.objects.get().currency == client_row.currency

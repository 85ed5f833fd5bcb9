"""While a call to the outside is under way no transaction is open: whoever hangs there holds no lock here."""

from contextlib import suppress
from typing import Any

import pytest
from django.db import connection

from kgen.webhooks.services import deliver_due
from tests.support import sms
from tests.support.gateway import SECRET, running_gateway
from tests.support.http import GamerCaller, StudioCaller
from tests.support.listener import listening
from tests.support.waiting import eventually
from tests.support.withdrawals import earn, link
from users.services import send_due_messages
from wallet.services.paying import pay_due

pytestmark = pytest.mark.usefixtures("committed")


# Shorter than the timeout of any call, so that a failure is the test's and not the call's.
WAIT_SECONDS = 2


class Witness:
    """Sees, whenever it is called, whether every transaction of this database ends while the call is under way.

    The duty may look for its next call meanwhile, in a short transaction of its own. Only a transaction that waits for
    the call stays open.
    """

    def __init__(self) -> None:
        self.seen: list[int] = []

    def __call__(self, *_: Any) -> None:
        """Runs in a thread of the called side, which has a connection of its own."""
        try:
            with suppress(AssertionError):
                eventually(lambda: _open_transactions() == 0, WAIT_SECONDS)
                self.seen.append(0)
                return
            self.seen.append(_open_transactions())
        finally:
            connection.close()


def _open_transactions() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_OPEN)
        count: int = cursor.fetchone()[0]
        return count


def test_no_transaction_is_open_while_a_payout_is_sent_or_queried(studio: StudioCaller, settings: Any) -> None:
    witness = Witness()
    with running_gateway() as gateway:
        settings.PAYOUT_RAIL, settings.PAYOUT_GATEWAY_SECRET = "http", SECRET
        settings.PAYOUT_GATEWAY_URL, gateway.on_post = gateway.url, witness
        winner = studio.gamer("winner")
        earn(winner, 300)
        link(winner)
        winner.post("/fe/wallet/withdraw").ok()
        pay_due()
    assert witness.seen == [0]


def test_no_transaction_is_open_while_a_code_is_sent(gamer: GamerCaller, settings: Any) -> None:
    witness = Witness()
    with sms.running() as gateway:
        settings.SMS_PROVIDER, settings.SMS_URL, gateway.on_message = "http", gateway.url, witness
        gamer.post("/fe/users/auth/otp/register", {"phone_number": "8000000001", "countryCode": "+91"}).ok()
        assert send_due_messages() == 1
    assert witness.seen == [0]


def test_no_transaction_is_open_while_a_webhook_is_delivered(studio: StudioCaller) -> None:
    witness = Witness()
    with listening() as listener:
        listener.on_request = witness
        endpoint = studio.post("/s2s/webhooks", {"url": listener.url}).ok(201)
        studio.post(f"/s2s/webhooks/{endpoint['id']}/test").ok()
        assert deliver_due() == 1
    assert witness.seen == [0]


_OPEN = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
   AND xact_start IS NOT NULL
"""

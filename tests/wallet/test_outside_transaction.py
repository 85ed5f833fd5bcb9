"""Whatever locks or writes a part of a larger change refuses to run without a transaction."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest

from kgen.transactions import OutsideTransaction
from kgen.webhooks.events import emit
from kgen.webhooks.models import WebhookEvent
from tests.support.http import StudioCaller
from tests.support.money import wallet_of
from wallet import ledger
from wallet.models import Account, Transaction, Wallet

pytestmark = pytest.mark.usefixtures("committed")

NEW_WALLET = UUID("01890000-0000-7000-8000-000000000001")


def entry(wallet: Wallet) -> ledger.JournalEntry:
    """A balanced entry between two accounts of the wallet, which would book if a transaction were open."""
    bought, held = (Account.objects.get(wallet=wallet, kind=kind).pk for kind in ("bought", "held"))
    return ledger.JournalEntry(
        "test:1", ledger.Kind.DEPOSIT, wallet.client_id, wallet.currency, [ledger.Transfer(held, bought, 1)]
    )


CALLS: dict[str, Callable[[Wallet], object]] = {
    "lock_wallet": lambda wallet: ledger.lock_wallet(wallet.pk),
    "lock_wallets": lambda wallet: ledger.lock_wallets([wallet.pk]),
    "book": lambda wallet: ledger.book(entry(wallet)),
    "book_many": lambda wallet: ledger.book_many([entry(wallet)]),
    "open_wallets": lambda wallet: ledger.open_wallets(
        [(NEW_WALLET, wallet.client_id, wallet.currency)], now=datetime.now(UTC)
    ),
    "system_account": lambda wallet: ledger.system_account(
        client_id=wallet.client_id, currency=wallet.currency, kind=ledger.SystemAccount.HOUSE
    ),
    "emit": lambda wallet: emit(wallet.client_id, "gamer.linked", {}),
}


def counts() -> tuple[int, ...]:
    """Everything that the calls could have written."""
    return tuple(model.objects.count() for model in (Account, Wallet, Transaction, WebhookEvent))


@pytest.mark.parametrize("name", CALLS)
def test_a_call_without_a_transaction_fails_and_writes_nothing(name: str, studio: StudioCaller) -> None:
    wallet = wallet_of(studio.gamer("ann"))
    before = counts()
    with pytest.raises(OutsideTransaction):
        CALLS[name](wallet)
    assert counts() == before

"""A gateway, set up as the product's rail, and a gamer with something to withdraw."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.gateway import SECRET, FakeGateway, report_of, running_gateway, tell
from tests.support.http import GamerCaller, StudioCaller
from tests.support.withdrawals import earn, link, withdraw
from wallet.models import State, Withdrawal
from wallet.services import paying

UseGateway = Callable[..., None]


@pytest.fixture
def use_gateway(settings: Any) -> UseGateway:
    """Sets a gateway up as the rail of new withdrawals."""

    def use(gateway: FakeGateway, timeout: float = 5) -> None:
        settings.PAYOUT_RAIL = "http"
        settings.PAYOUT_GATEWAY_URL = gateway.url
        settings.PAYOUT_GATEWAY_SECRET = SECRET
        settings.PAYOUT_GATEWAY_IDEMPOTENT = gateway.deduplicates
        settings.PAYOUT_TIMEOUT_SECONDS = timeout
        settings.PAYOUT_BREAKER_FAILURES = 1000

    return use


@pytest.fixture
def gateway(use_gateway: UseGateway) -> Iterator[FakeGateway]:
    """A gateway that does not deduplicate, as the product's rail."""
    with running_gateway() as running:
        use_gateway(running)
        yield running


@pytest.fixture
def winner(studio: StudioCaller) -> GamerCaller:
    """A gamer with 300 earned and a linked phone."""
    gamer = studio.gamer("winner")
    earn(gamer, 300)
    link(gamer)
    return gamer


@pytest.fixture
def sent(winner: GamerCaller, gateway: FakeGateway) -> Withdrawal:
    """A withdrawal that the gateway has accepted and not yet paid."""
    row = withdraw(winner)
    gateway.posts.append("accept")
    paying.pay_due(most=1)
    row.refresh_from_db()
    assert row.state == State.SENDING
    return row


@pytest.fixture
def paid(sent: Withdrawal) -> Withdrawal:
    """The same, paid meanwhile."""
    tell(report_of(sent, transaction_hash="0xabc")).ok()
    sent.refresh_from_db()
    assert sent.state == State.PAID
    return sent

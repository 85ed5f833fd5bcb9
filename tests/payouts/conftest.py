"""A gateway, set up as the product's rail, and a gamer with something to withdraw."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.gateway import SECRET, FakeGateway, running_gateway
from tests.support.http import GamerCaller, StudioCaller
from tests.support.withdrawals import earn, link

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

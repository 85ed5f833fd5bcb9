"""A gamer with a phone, and a gateway that gets the codes."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import sms
from tests.support.phones import Phone


@pytest.fixture
def gateway(settings: Any) -> Iterator[sms.SmsGateway]:
    """The gateway that codes go to."""
    with sms.running() as running:
        settings.SMS_PROVIDER, settings.SMS_URL = "http", f"{running.url}/sms"
        yield running


@pytest.fixture
def phone(gateway: sms.SmsGateway) -> Phone:
    """A phone of an allowed country."""
    return Phone(gateway)

"""Rotation: every secret of the last day signs, five at most, unless the rotation revokes the others."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from kgen.webhooks.models import WebhookEndpoint
from kgen.webhooks.services import deliver_due
from tests.support.http import StudioCaller
from tests.support.listener import Listener
from tests.support.webhooks import add, rotate, send, signature

pytestmark = pytest.mark.django_db


def check_signed_by(studio: StudioCaller, listener: Listener, endpoint: dict[str, Any], secrets: list[str]) -> None:
    """The next event has exactly these secrets' signatures, in this order."""
    listener.heard.clear()
    send(studio, endpoint)
    deliver_due()
    (heard,) = listener.heard
    assert heard.headers["webhook-signature"] == " ".join(signature(heard, secret) for secret in secrets)


def pass_time(wanted: timedelta) -> None:
    """Let all rotations be so much longer ago."""
    for endpoint in WebhookEndpoint.objects.all():
        moved = [datetime.fromisoformat(at) - wanted for at in endpoint.secrets_replaced_at]
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(secrets_replaced_at=[at.isoformat() for at in moved])


def test_all_secrets_of_the_last_day_sign_the_newest_first(studio: StudioCaller, listener: Listener) -> None:
    endpoint = add(studio, listener)
    first = endpoint["secret"]
    second, third = rotate(studio, endpoint), rotate(studio, endpoint)
    check_signed_by(studio, listener, endpoint, [third, second, first])
    pass_time(timedelta(hours=23))
    fourth = rotate(studio, endpoint)
    check_signed_by(studio, listener, endpoint, [fourth, third, second, first])
    pass_time(timedelta(hours=1))
    check_signed_by(studio, listener, endpoint, [fourth, third])
    pass_time(timedelta(hours=23))
    check_signed_by(studio, listener, endpoint, [fourth])


def test_a_sixth_secret_within_a_day_drops_the_oldest(studio: StudioCaller, listener: Listener) -> None:
    endpoint = add(studio, listener)
    secrets = [endpoint["secret"], *(rotate(studio, endpoint) for _ in range(4))]
    check_signed_by(studio, listener, endpoint, secrets[::-1])
    secrets += [rotate(studio, endpoint), rotate(studio, endpoint)]
    check_signed_by(studio, listener, endpoint, secrets[:1:-1])


def test_revoking_ends_every_earlier_secret_at_once(studio: StudioCaller, listener: Listener) -> None:
    endpoint = add(studio, listener)
    rotate(studio, endpoint)
    only = rotate(studio, endpoint, revoke_old=True)
    check_signed_by(studio, listener, endpoint, [only])
    newest = rotate(studio, endpoint, revoke_old=False)
    check_signed_by(studio, listener, endpoint, [newest, only])


@pytest.mark.parametrize("value", ["true", 1, [], {}])
def test_a_bad_choice_rotates_nothing(studio: StudioCaller, listener: Listener, value: Any) -> None:
    endpoint = add(studio, listener)
    refused = studio.post(f"/s2s/webhooks/{endpoint['id']}/rotate", {"revoke_old": value})
    refused.refused(400, "BAD_REQUEST")
    assert WebhookEndpoint.objects.get().secret_version == 1

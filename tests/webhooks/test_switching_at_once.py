"""Switching an endpoint off while calls to it are under way, and by two workers at once. On real commits."""

from datetime import timedelta

import pytest

from kgen.webhooks import services
from kgen.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookEvent
from kgen.webhooks.services import deliver_due
from tests.support.http import StudioCaller
from tests.support.listener import Listener
from tests.support.threads import Runner, at_once, together
from tests.support.waiting import eventually
from tests.support.webhooks import add, fail_once, failing_for, rotate, send, shown, signature

pytestmark = pytest.mark.usefixtures("committed")


def test_a_success_that_was_under_way_when_it_went_off_is_booked(studio: StudioCaller, listener: Listener) -> None:
    endpoint, listener.hangs = add(studio, listener), True
    send(studio, endpoint)
    delivering = Runner(deliver_due)
    eventually(lambda: listener.waiting == 1)
    row = WebhookEndpoint.objects.get()
    services.switch_endpoint(client_id=row.client_id, endpoint_id=row.pk, active=False)
    assert WebhookDelivery.objects.get().state == "FAILED"
    listener.release()
    assert delivering.result() == 1
    assert WebhookDelivery.objects.get().state == "DELIVERED"
    assert not WebhookEndpoint.objects.get().active


def test_a_410_from_before_it_was_switched_on_does_not_switch_it_off(studio: StudioCaller, listener: Listener) -> None:
    endpoint, listener.hangs, listener.answers = add(studio, listener), True, [410]
    send(studio, endpoint)
    delivering = Runner(deliver_due)
    eventually(lambda: listener.waiting == 1)
    row = WebhookEndpoint.objects.get()
    for active in (False, True):
        services.switch_endpoint(client_id=row.client_id, endpoint_id=row.pk, active=active)
    delivery = WebhookDelivery.objects.get()
    services.replay(client_id=row.client_id, delivery_id=delivery.pk)
    listener.release()
    assert delivering.result() == 2, "the replay is delivered in the same run"
    row.refresh_from_db()
    assert (row.active, row.failing_since) == (True, None)
    assert WebhookDelivery.objects.get().state == "DELIVERED"


def test_two_workers_switch_an_endpoint_off_once(studio: StudioCaller, listener: Listener, watcher: Listener) -> None:
    endpoint = add(studio, listener)
    add(studio, watcher)
    listener.answers = [410] * 4
    send(studio, endpoint, 4)
    assert sum(at_once(2, deliver_due)) >= 2
    row = shown(studio, endpoint)
    assert (row["active"], row["disabled_reason"]) == (False, "gone")
    deliver_due()
    assert [told["type"] for told in watcher.bodies()] == ["webhook.disabled"]


def test_a_success_and_the_last_failure_at_once_leave_one_of_two_whole_states(
    studio: StudioCaller, listener: Listener, watcher: Listener
) -> None:
    endpoint = add(studio, listener)
    add(studio, watcher)
    fail_once(studio, listener, endpoint)
    WebhookDelivery.objects.all().delete()
    failing_for(timedelta(days=5))
    listener.answers = [500, 200]
    send(studio, endpoint, 2)
    together([deliver_due, deliver_due])
    row = shown(studio, endpoint)
    told = WebhookEvent.objects.filter(type="webhook.disabled").count()
    if row["active"]:
        assert told == 0, "the success came first"
    else:
        assert (row["disabled_reason"], told) == ("failing", 1)
    states = WebhookDelivery.objects.filter(endpoint=endpoint["id"]).values_list("state", flat=True)
    assert sorted(states) == ["DELIVERED", "PENDING" if row["active"] else "FAILED"]


def test_rotations_at_once_give_each_caller_a_secret_that_signs(studio: StudioCaller, listener: Listener) -> None:
    endpoint = add(studio, listener)
    secrets = at_once(4, lambda: rotate(studio, endpoint))
    assert len({*secrets, endpoint["secret"]}) == 5
    send(studio, endpoint)
    deliver_due()
    (heard,) = listener.heard
    signatures = heard.headers["webhook-signature"].split(" ")
    assert len(signatures) == 5
    assert set(signatures) == {signature(heard, secret) for secret in [*secrets, endpoint["secret"]]}

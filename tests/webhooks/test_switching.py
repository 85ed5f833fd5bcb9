"""Endpoints that are gone, or fail for five days, go off; the studio hears of it and switches them on again."""

from datetime import timedelta

import pytest

from kgen.clock import database_now
from kgen.webhooks import services
from kgen.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookEvent
from kgen.webhooks.services import deliver_due
from tests.support.http import StudioCaller
from tests.support.listener import Listener
from tests.support.webhooks import add, fail_once, failing_for, make_due, send, shown

pytestmark = pytest.mark.django_db
SECRET_URL = "?key=sesame"


def test_an_endpoint_that_is_gone_is_switched_off_at_once(
    studio: StudioCaller, listener: Listener, watcher: Listener
) -> None:
    gone = add(studio, listener, url=listener.url + SECRET_URL)
    add(studio, watcher)
    send(studio, gone)
    WebhookDelivery.objects.update(next_attempt_at=database_now() + timedelta(hours=1))
    fail_once(studio, listener, gone, 410)
    row = shown(studio, gone)
    assert (row["active"], row["disabled_reason"]) == (False, "gone")
    assert row["failing_since"] <= row["disabled_at"]
    states = WebhookDelivery.objects.filter(endpoint=gone["id"]).values_list("state", flat=True)
    assert list(states) == ["FAILED", "FAILED"], "nothing stays due for it"
    (told,) = watcher.bodies()
    assert told["type"] == "webhook.disabled"
    assert told["data"] == {
        "endpoint_id": gone["id"],
        "reason": "gone",
        "failing_since": row["failing_since"],
        "disabled_at": row["disabled_at"],
    }
    assert "sesame" not in str(told)
    assert len(listener.heard) == 1
    studio.post(f"/s2s/webhooks/{gone['id']}/test").refused(409, "WRONG_STATE")


def test_five_days_of_failures_switch_an_endpoint_off(
    studio: StudioCaller, other_studio: StudioCaller, listener: Listener, watcher: Listener
) -> None:
    failing = add(studio, listener)
    add(studio, watcher)
    add(studio, watcher, event_types=["reward.claimed"])
    add(other_studio, watcher)
    fail_once(studio, listener, failing)
    began = shown(studio, failing)["failing_since"]
    failing_for(timedelta(days=5, seconds=-30))
    fail_once(studio, listener, failing)
    assert shown(studio, failing)["active"]
    failing_for(timedelta(days=5))
    fail_once(studio, listener, failing)
    row = shown(studio, failing)
    assert (row["active"], row["disabled_reason"]) == (False, "failing")
    assert row["failing_since"] < began
    (told,) = watcher.bodies()  # once: of the other endpoints only one is the studio's and subscribes to it
    assert (told["type"], told["data"]["reason"]) == ("webhook.disabled", "failing")
    assert told["data"]["failing_since"] == row["failing_since"]


def test_one_success_begins_the_five_days_anew(studio: StudioCaller, listener: Listener) -> None:
    endpoint = add(studio, listener)
    fail_once(studio, listener, endpoint)
    failing_for(timedelta(days=6))
    send(studio, endpoint)
    assert deliver_due() == 1
    assert shown(studio, endpoint)["failing_since"] is None
    fail_once(studio, listener, endpoint)
    assert shown(studio, endpoint)["active"]


def test_no_answer_counts_as_a_failure(studio: StudioCaller) -> None:
    endpoint = studio.post("/s2s/webhooks", {"url": "http://127.0.0.1:9/hook"}).ok(201)
    send(studio, endpoint)
    assert deliver_due() == 1
    failing_for(timedelta(days=5))
    make_due()
    assert deliver_due() == 1
    assert shown(studio, endpoint)["disabled_reason"] == "failing"


def test_the_last_endpoint_goes_off_without_an_event(studio: StudioCaller, listener: Listener) -> None:
    fail_once(studio, listener, add(studio, listener), 410)
    assert not WebhookEvent.objects.filter(type="webhook.disabled").exists()


def test_the_studio_switches_it_on_and_its_failures_are_forgotten(studio: StudioCaller, listener: Listener) -> None:
    endpoint = add(studio, listener)
    fail_once(studio, listener, endpoint)
    failing_for(timedelta(days=5))
    fail_once(studio, listener, endpoint)
    row = studio.post(f"/s2s/webhooks/{endpoint['id']}/enable").ok()
    assert row == shown(studio, endpoint)
    assert [row[name] for name in ("active", "disabled_reason", "disabled_at", "failing_since")] == [True] + [None] * 3
    fail_once(studio, listener, endpoint)
    assert shown(studio, endpoint)["active"]
    studio.post(f"/s2s/webhooks/{endpoint['id']}/enable").refused(409, "WRONG_STATE")


def test_a_studio_cannot_switch_on_what_an_operator_has_switched_off(
    studio: StudioCaller, other_studio: StudioCaller, listener: Listener
) -> None:
    endpoint = add(studio, listener)
    row = WebhookEndpoint.objects.get()
    services.switch_endpoint(client_id=row.client_id, endpoint_id=row.pk, active=False)
    off = shown(studio, endpoint)
    assert (off["active"], off["disabled_reason"]) == (False, "operator")
    assert off["disabled_at"] is not None
    studio.post(f"/s2s/webhooks/{endpoint['id']}/enable").refused(409, "WRONG_STATE")
    other_studio.post(f"/s2s/webhooks/{endpoint['id']}/enable").refused(404, "RECORD_NOT_FOUND")
    # Rows from before reasons were kept.
    WebhookEndpoint.objects.update(disabled_reason="", disabled_at=None)
    studio.post(f"/s2s/webhooks/{endpoint['id']}/enable").refused(409, "WRONG_STATE")
    assert not WebhookEndpoint.objects.get().active


def test_an_event_written_while_its_endpoint_went_off_is_given_up(studio: StudioCaller, listener: Listener) -> None:
    endpoint = add(studio, listener)
    send(studio, endpoint)
    WebhookEndpoint.objects.update(active=False)
    assert deliver_due() == 0
    assert (WebhookDelivery.objects.get().state, listener.heard) == ("FAILED", [])

"""Webhooks: signed, at least once, retried for three days, replayable, and never into the private network."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from threading import Event, Thread
from typing import Any
from uuid import UUID

import pytest
from django.db.models import F

from esports.services.announcing import announce_due
from kgen.clock import database_now
from kgen.webhooks import addresses, services
from kgen.webhooks.models import WebhookDelivery, WebhookEndpoint
from kgen.webhooks.services import deliver_due
from rewards.services.settling import settle_due
from tests.support.clock import end
from tests.support.http import StudioCaller
from tests.support.listener import Listener, listening
from tests.support.settling import play
from tests.support.webhooks import add, is_signed, make_due
from users.models import Client

pytestmark = pytest.mark.django_db


def test_a_test_event_arrives_signed(studio: StudioCaller, listener: Listener) -> None:
    endpoint = add(studio, listener)
    sent = studio.post(f"/s2s/webhooks/{endpoint['id']}/test").ok()
    assert deliver_due() == 1
    (heard,) = listener.heard
    assert is_signed(heard, endpoint["secret"])
    assert heard.headers["webhook-id"] == sent["event_id"]
    body = json.loads(heard.body)
    assert (body["type"], body["data"]) == ("webhook.test", {"endpoint_id": endpoint["id"]})
    (delivery,) = studio.get(f"/s2s/webhooks/{endpoint['id']}").ok()["deliveries"]
    assert (delivery["state"], delivery["tries"], delivery["last_status"]) == ("DELIVERED", 1, 200)
    assert deliver_due() == 0


def test_the_events_of_a_tournament_come_in_order(studio: StudioCaller, listener: Listener) -> None:
    add(studio, listener)
    uid = studio.tournament()
    callers = play(studio, uid, {"a": 3, "b": 2, "c": 1})
    announce_due()
    announce_due()
    end(uid)
    announce_due()
    settle_due()
    callers["a"].post("/fe/esports/rewards/claim").ok()
    deliver_due()
    types = [body["type"] for body in listener.bodies()]
    assert types == ["tournament.started", "tournament.completed", "tournament.settled", "reward.claimed"]
    assert all(json.loads(heard.body)["data"]["tournament_uid"] == uid for heard in listener.heard)


def test_a_cancelled_tournament_emits_no_completed_event(studio: StudioCaller, listener: Listener) -> None:
    add(studio, listener, event_types=["tournament.cancelled", "tournament.completed"])
    uid = studio.tournament()
    studio.post(f"/s2s/esports/tournaments/{uid}/cancel").ok()
    announce_due()
    end(uid)
    announce_due()
    deliver_due()
    assert [json.loads(heard.body)["type"] for heard in listener.heard] == ["tournament.cancelled"]


def test_a_late_event_has_the_status_of_its_own_time(studio: StudioCaller, listener: Listener) -> None:
    add(studio, listener)
    uid = studio.tournament()
    studio.post(f"/s2s/esports/tournaments/{uid}/cancel").ok()
    announce_due()
    deliver_due()
    told = [(body["type"], body["data"]["status"]) for body in listener.bodies()]
    assert told == [("tournament.started", "STARTED"), ("tournament.cancelled", "CANCELLED")]


def test_a_refused_delivery_is_retried_with_the_same_id(studio: StudioCaller, listener: Listener) -> None:
    endpoint = add(studio, listener)
    studio.post(f"/s2s/webhooks/{endpoint['id']}/test").ok()
    listener.answers = [500, 302]
    for _ in range(3):
        deliver_due()
        assert deliver_due() == 0
        make_due()
    assert len({heard.headers["webhook-id"] for heard in listener.heard}) == 1
    assert [heard.path for heard in listener.heard] == ["/hook"] * 3
    assert WebhookDelivery.objects.get().state == "DELIVERED"


def test_a_hanging_endpoint_does_not_hold_up_another(
    studio: StudioCaller, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "TIMEOUT_SECONDS", 2)
    with listening() as hanging:
        hanging.hangs = True
        slow = studio.post("/s2s/webhooks", {"url": hanging.url}).ok(201)
        for _ in range(5):
            studio.post(f"/s2s/webhooks/{slow['id']}/test").ok()
        quick = add(studio, listener)
        for _ in range(5):
            studio.post(f"/s2s/webhooks/{quick['id']}/test").ok()
        began = time.monotonic()
        assert deliver_due() == 7
        assert time.monotonic() - began < 4
    assert (len(listener.heard), len(hanging.heard), hanging.most_waiting) == (5, 2, 2)
    tries = WebhookDelivery.objects.filter(endpoint=slow["id"]).order_by("id").values_list("tries", flat=True)
    assert list(tries) == [1, 1, 0, 0, 0], "a try counts only where there was one"
    errors = set(WebhookDelivery.objects.filter(endpoint=slow["id"], tries=1).values_list("last_error", flat=True))
    assert errors <= {"TimeoutError", "ReadTimeout"}


def test_a_hanging_endpoint_does_not_delay_other_deliveries(
    studio: StudioCaller, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "TIMEOUT_SECONDS", 3)
    with listening() as hanging:
        hanging.hangs = True
        slow = studio.post("/s2s/webhooks", {"url": hanging.url}).ok(201)
        studio.post(f"/s2s/webhooks/{slow['id']}/test").ok()
        quick = add(studio, listener)
        studio.post(f"/s2s/webhooks/{quick['id']}/test").ok()
        soon = database_now() + timedelta(seconds=1)
        WebhookDelivery.objects.filter(endpoint=quick["id"]).update(next_attempt_at=soon)
        assert deliver_due() == 2
        assert (len(listener.heard), hanging.waiting) == (1, 1)


def test_an_endpoint_that_answers_byte_by_byte_gets_no_more_time(
    studio: StudioCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "TIMEOUT_SECONDS", 1)
    with dripping() as url:
        endpoint = studio.post("/s2s/webhooks", {"url": url}).ok(201)
        studio.post(f"/s2s/webhooks/{endpoint['id']}/test").ok()
        began = time.monotonic()
        assert deliver_due() == 1
        assert time.monotonic() - began < 3
    assert WebhookDelivery.objects.get().last_error == "TimeoutError"


@contextmanager
def dripping() -> Iterator[str]:
    """The address of a server that says a byte of its first header now and then, for ever."""
    over = Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while not over.wait(0.1):
                    connection.sendall(b"x")

        thread = Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/hook"
        finally:
            over.set()
            thread.join()


@pytest.mark.parametrize("spelling", ["hex", "urn", "braces", "upper"])
def test_only_a_hyphenated_endpoint_id_is_accepted(studio: StudioCaller, listener: Listener, spelling: str) -> None:
    endpoint = UUID(add(studio, listener)["id"])
    path = {
        "hex": endpoint.hex,
        "urn": endpoint.urn,
        "braces": f"%7B{endpoint}%7D",
        "upper": str(endpoint).upper(),
    }[spelling]
    answer = studio.get(f"/s2s/webhooks/{path}")
    if spelling == "upper":
        answer.ok()
    else:
        answer.refused(404, "RECORD_NOT_FOUND")


def test_a_delivery_is_given_up_after_three_days_and_can_be_replayed(studio: StudioCaller, listener: Listener) -> None:
    endpoint = add(studio, listener)
    delivery = studio.post(f"/s2s/webhooks/{endpoint['id']}/test").ok()
    listener.answers = [503]
    WebhookDelivery.objects.update(give_up_at=F("next_attempt_at"))
    deliver_due()
    assert WebhookDelivery.objects.get().state == "FAILED"
    studio.post(f"/s2s/webhook-deliveries/{delivery['id']}/replay").ok()
    deliver_due()
    assert WebhookDelivery.objects.get().state == "DELIVERED"


def test_both_secrets_sign_for_a_day_after_a_rotation(studio: StudioCaller, listener: Listener) -> None:
    old = add(studio, listener)
    new = studio.post(f"/s2s/webhooks/{old['id']}/rotate").ok()
    assert new["secret"] != old["secret"]
    studio.post(f"/s2s/webhooks/{old['id']}/test").ok()
    deliver_due()
    WebhookEndpoint.objects.update(secrets_replaced_at=[(database_now() - timedelta(days=1)).isoformat()])
    studio.post(f"/s2s/webhooks/{old['id']}/test").ok()
    deliver_due()
    first, second = listener.heard
    assert (is_signed(first, old["secret"]), is_signed(first, new["secret"])) == (True, True)
    assert (is_signed(second, old["secret"]), is_signed(second, new["secret"])) == (False, True)


def test_a_removed_endpoint_gets_no_further_delivery(studio: StudioCaller, listener: Listener) -> None:
    endpoint = add(studio, listener)
    studio.post(f"/s2s/webhooks/{endpoint['id']}/test").ok()
    studio.delete(f"/s2s/webhooks/{endpoint['id']}").ok()
    assert deliver_due() == 0
    assert (listener.heard, studio.get("/s2s/webhooks").ok()) == ([], [])
    studio.get(f"/s2s/webhooks/{endpoint['id']}").refused(404, "RECORD_NOT_FOUND")


def test_a_foreign_endpoint_is_unknown(studio: StudioCaller, other_studio: StudioCaller, listener: Listener) -> None:
    endpoint = add(studio, listener)
    delivery = studio.post(f"/s2s/webhooks/{endpoint['id']}/test").ok()
    for method, path in (
        ("GET", f"/s2s/webhooks/{endpoint['id']}"),
        ("DELETE", f"/s2s/webhooks/{endpoint['id']}"),
        ("POST", f"/s2s/webhooks/{endpoint['id']}/test"),
        ("POST", f"/s2s/webhooks/{endpoint['id']}/rotate"),
        ("POST", f"/s2s/webhook-deliveries/{delivery['id']}/replay"),
        ("GET", "/s2s/webhooks/no-id"),
    ):
        other_studio.call(method, path).refused(404, "RECORD_NOT_FOUND")
    assert WebhookEndpoint.objects.filter(removed_at=None, secret_version=1).count() == 1


@pytest.mark.parametrize(
    "url",
    ["ftp://a.example/x", "not a url", "https://", "http://a.example/x", "https://u:p@a.example/", "https://a b/"],
)
def test_a_bad_address_is_refused(studio: StudioCaller, settings: Any, url: str) -> None:
    settings.WEBHOOK_PRIVATE = False
    studio.post("/s2s/webhooks", {"url": url}).refused(400, "BAD_REQUEST")


LONGEST_NAME = ".".join(["a" * 63] * 3 + ["a" * 61])


@pytest.mark.parametrize("host", ["a..b", ".a.example", "a.example..", ".", f"{'a' * 64}.example", f"a{LONGEST_NAME}"])
def test_a_host_that_cannot_be_looked_up_is_refused(studio: StudioCaller, settings: Any, host: str) -> None:
    settings.WEBHOOK_PRIVATE = False
    refused = studio.post("/s2s/webhooks", {"url": f"https://{host}/hook"}).refused(400, "BAD_REQUEST")
    assert [fault["field"] for fault in refused["errors"]] == ["url"]
    assert not WebhookEndpoint.objects.exists()


@pytest.mark.parametrize(
    "host", ["a.example.", f"{'a' * 63}.example", f"{LONGEST_NAME}.", "192.0.2.1", "[2001:db8::1]"]
)
def test_the_longest_host_and_a_host_with_a_final_dot_are_accepted(
    studio: StudioCaller, settings: Any, host: str
) -> None:
    settings.WEBHOOK_PRIVATE = False
    studio.post("/s2s/webhooks", {"url": f"https://{host}/hook"}).ok(201)


# Rows from before such addresses were refused. The port of the second one cannot be read at all.
@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://a..b/hook", "the name does not resolve"),
        (f"https://{'a' * 64}.example/hook", "the name does not resolve"),
        ("https://a.example:99999/hook", "unexpected ValueError"),
    ],
)
def test_a_call_that_raises_is_a_failed_try_and_finally_given_up(
    studio: StudioCaller, client_row: Client, listener: Listener, url: str, words: str
) -> None:
    now = database_now()
    broken = WebhookEndpoint.objects.create(client_id=client_row.pk, url=url, created_at=now)
    studio.post(f"/s2s/webhooks/{broken.pk}/test").ok()
    other = add(studio, listener)
    studio.post(f"/s2s/webhooks/{other['id']}/test").ok()
    assert deliver_due() == 2
    assert len(listener.heard) == 1
    delivery = WebhookDelivery.objects.get(endpoint=broken)
    assert (delivery.state, delivery.tries, delivery.last_status, delivery.last_error) == ("PENDING", 1, None, words)
    assert delivery.next_attempt_at < now + services.LEASE, "the next try is due after its wait, not after the lease"
    WebhookDelivery.objects.filter(pk=delivery.pk).update(next_attempt_at=now, give_up_at=now)
    assert deliver_due() == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.tries, delivery.last_error) == ("FAILED", 2, words)


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "[::1]", "localhost"])
def test_a_private_address_is_never_called(settings: Any, host: str) -> None:
    settings.WEBHOOK_PRIVATE = False
    with pytest.raises(addresses.Unreachable):
        addresses.resolve(f"https://{host}/x")


def test_an_event_without_an_endpoint_writes_no_row(studio: StudioCaller) -> None:
    uid = studio.tournament()
    play(studio, uid, {"a": 3, "b": 2, "c": 1})
    end(uid)
    announce_due()
    settle_due()
    assert WebhookDelivery.objects.count() == 0


@pytest.mark.parametrize(
    ("url", "url_to_call", "authority"),
    [
        ("http://[::1]:8080/hook?a=1", "http://[::1]:8080/hook?a=1", "[::1]:8080"),
        ("https://[::1]/", "https://[::1]:443/", "[::1]"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/", "127.0.0.1:8080"),
        ("http://127.0.0.1:80/", "http://127.0.0.1:80/", "127.0.0.1"),
    ],
)
def test_an_ipv6_host_stands_in_brackets_in_the_host_header(url: str, url_to_call: str, authority: str) -> None:
    target = addresses.resolve(url)
    assert (target.url, target.authority) == (url_to_call, authority)

"""Every type of event is declared, documented, in the OpenAPI document, and emitted with exactly those fields."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from esports.services.announcing import announce_due
from kgen.clock import database_now
from kgen.webhooks.catalogue import TEST, EventType, event_types
from kgen.webhooks.services import deliver_due
from rewards.services.settling import settle_due
from tests.support import sms
from tests.support.clock import end
from tests.support.documents import read
from tests.support.http import GamerCaller, StudioCaller
from tests.support.listener import Listener
from tests.support.organising import shift, soon
from tests.support.phones import Phone
from tests.support.schema import document, validator_of
from tests.support.settling import play
from tests.support.webhooks import add, send
from tests.support.withdrawals import withdraw
from users.models import Client
from wallet.services import outcomes, reviewing
from wallet.services.paying import pay_due

DECLARED = {declared.name: declared for declared in (*event_types(), TEST)}
EXAMPLES: dict[str, dict[str, Any]] = {
    name: json.loads(text)
    for name, text in re.findall(r"^### ([a-z.]+)\n.*?^```json\n(.*?)^```", read("docs/webhooks.md"), flags=re.M | re.S)
}


@pytest.fixture
def phone(settings: Any) -> Iterator[Phone]:
    """A phone whose messages can be read."""
    with sms.running() as running:
        settings.SMS_PROVIDER, settings.SMS_URL = "http", f"{running.url}/sms"
        yield Phone(running)


def play_tournaments(studio: StudioCaller) -> GamerCaller:
    """One tournament is settled, one is locked and then cancelled; the winner of the first, who has claimed."""
    uid = studio.tournament()
    winner = play(studio, uid, {"a": 3, "b": 2, "c": 1})["a"]
    announce_due()
    end(uid)
    settle_due()
    winner.post("/fe/esports/rewards/claim").ok()
    locked = studio.tournament(locks_at_timestamp=soon(hours=1), ends_at_timestamp=soon(hours=9))
    shift(locked, hours=-2)
    announce_due()
    studio.post(f"/s2s/esports/tournaments/{locked}/cancel").ok()
    announce_due()
    return winner


def withdraw_three_times(gamer: GamerCaller, settings: Any) -> None:
    """One withdrawal is paid, one rejected, and one comes back from a gateway that had paid it."""
    withdraw(gamer, 1)
    pay_due()
    Client.objects.update(approval_above=0)
    reviewing.reject_withdrawal(withdrawal_id=withdraw(gamer, 1).pk, operator_id=1, reason="no")
    Client.objects.update(approval_above=None)
    settings.PAYOUT_RAIL = "http"
    returned = withdraw(gamer, 1)
    with transaction.atomic():
        outcomes.pay(returned, None, database_now())
        returned.refresh_from_db()
        outcomes.take_back(returned, database_now())


def heard_of_everything(
    studio: StudioCaller, listener: Listener, watcher: Listener, phone: Phone, settings: Any
) -> dict[str, dict[str, Any]]:
    """The bodies of one run in which every event happens, by type."""
    gone = add(studio, listener, event_types=["tournament.locked"])
    endpoint = add(studio, watcher, event_types=list(DECLARED.keys() - {TEST.name}))
    winner = play_tournaments(studio)
    phone.link(winner).ok()
    winner.post("/fe/analytics/px-tracker/events/level-up/drop", {"level": 7}).ok()
    withdraw_three_times(winner, settings)
    listener.answers = [410]
    assert gone["active"]
    send(studio, endpoint)
    deliver_due()
    return {body["type"]: body for body in watcher.bodies()}


def shape(value: Any) -> Any:
    """Names and JSON types, without the values."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    return type(value).__name__


def schema_of(name: str) -> dict[str, Any]:
    """The body's schema in the OpenAPI document."""
    media = document()["webhooks"][name]["post"]["requestBody"]["content"]
    component = media["application/json"]["schema"]["$ref"].rpartition("/")[2]
    schema: dict[str, Any] = document()["components"]["schemas"][component]
    return schema


def check_body(declared: EventType, body: dict[str, Any]) -> None:
    """The body has the declared fields, no other, and is valid by the OpenAPI document."""
    assert list(body) == ["type", "timestamp", "data"]
    assert set(body["data"]) == set(declared.data().fields), declared.name
    validator_of(schema_of(declared.name)).validate(body)


@pytest.mark.django_db
def test_what_is_emitted_is_what_is_declared_and_documented(
    studio: StudioCaller, listener: Listener, watcher: Listener, phone: Phone, settings: Any
) -> None:
    heard = heard_of_everything(studio, listener, watcher, phone, settings)
    assert heard.keys() == DECLARED.keys()
    for name, body in heard.items():
        check_body(DECLARED[name], body)
        assert shape(body) == shape(EXAMPLES[name]), name
    assert phone.number not in str(heard)


def test_the_document_of_webhooks_has_every_type_and_an_example_that_is_valid() -> None:
    assert list(EXAMPLES) == list(DECLARED)
    for name, example in EXAMPLES.items():
        assert example["type"] == name
        check_body(DECLARED[name], example)


def test_the_document_names_each_version() -> None:
    versions = re.findall(r"^### ([a-z.]+)\nVersion (\d+)\. ", read("docs/webhooks.md"), flags=re.M)
    assert {name: int(version) for name, version in versions} == {
        name: declared.version for name, declared in DECLARED.items()
    }


def test_the_openapi_document_lists_every_type_and_no_other() -> None:
    webhooks = document()["webhooks"]
    assert webhooks.keys() == DECLARED.keys()
    for name, item in webhooks.items():
        assert schema_of(name)["properties"].keys() == {"type", "timestamp", "data"}
        assert item["post"]["summary"] == DECLARED[name].summary.rstrip(".")
        assert f"Version {DECLARED[name].version} " in item["post"]["description"]


@pytest.mark.django_db
def test_a_type_that_nothing_emits_cannot_be_subscribed_to(studio: StudioCaller, listener: Listener) -> None:
    add(studio, listener, event_types=[declared.name for declared in event_types()])
    for name in ("webhook.test", "tournament.begun", ""):
        studio.post("/s2s/webhooks", {"url": listener.url, "event_types": [name]}).refused(400, "BAD_REQUEST")

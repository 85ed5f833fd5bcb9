"""What a studio is told of a tournament comes in order, whichever duty is at work first."""

from typing import Any

import pytest

from esports.services.announcing import announce_due
from kgen.webhooks.models import WebhookEvent
from rewards.services.settling import settle_due
from tests.support.clock import end
from tests.support.http import StudioCaller
from tests.support.listener import listening
from tests.support.refereeing import void
from tests.support.settling import play

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def endpoint(studio: StudioCaller) -> Any:
    """An endpoint that wants every event."""
    with listening() as listener:
        studio.post("/s2s/webhooks", {"url": listener.url}).ok(201)
        yield


def event_types() -> list[str]:
    """The types of all events, in the order of their writing."""
    events = list(WebhookEvent.objects.order_by("id"))
    assert [event.created_at for event in events] == sorted(event.created_at for event in events)
    return [event.type for event in events]


def test_a_settlement_emits_the_missing_earlier_events_first(studio: StudioCaller) -> None:
    uid = studio.tournament()
    gamer = play(studio, uid, {"a": 3, "b": 2, "c": 1})["a"]
    end(uid)
    assert settle_due() == 1
    gamer.post("/fe/esports/rewards/claim").ok()
    expected = ["tournament.started", "tournament.completed", "tournament.settled", "reward.claimed"]
    assert event_types() == expected
    announce_due()
    assert event_types() == expected


def test_a_settlement_repeats_no_event(studio: StudioCaller) -> None:
    uid = studio.tournament()
    play(studio, uid, {"a": 3, "b": 2, "c": 1})
    announce_due()
    end(uid)
    announce_due()
    settle_due()
    assert event_types() == ["tournament.started", "tournament.completed", "tournament.settled"]


def test_a_tournament_without_a_ranking_emits_cancelled_and_not_completed(studio: StudioCaller) -> None:
    uid = studio.tournament()
    play(studio, uid, {"a": 3, "b": None, "c": None})
    void(uid, "a")
    end(uid)
    announce_due()
    assert settle_due() == 0
    assert event_types() == ["tournament.started", "tournament.cancelled"]

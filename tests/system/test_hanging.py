"""A studio whose server never answers: settlements, phone codes and other webhooks go on as if it were not there."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.support.listener import Listener, listening
from tests.support.stack import Stack
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

# More than the hanging server can be told within this test.
DUE = 60
# Settlements come within 5 seconds of the end; what else is due, within a few.
SETTLED_SECONDS, SOON_SECONDS = 5, 5


@pytest.fixture
def studio(stack: Stack) -> Iterator[httpx.Client]:
    """The demo game's server."""
    with stack.client(**stack.studio_headers) as client:
        yield client


@pytest.fixture
def hanging(studio: httpx.Client) -> Iterator[Listener]:
    """A server of the studio that takes calls and answers none, with much to be told."""
    with listening() as listener:
        listener.hangs = True
        endpoint = studio.post("/s2s/webhooks", json={"url": listener.url}).raise_for_status().json()["id"]
        for _ in range(DUE):
            studio.post(f"/s2s/webhooks/{endpoint}/test").raise_for_status()
        eventually(lambda: listener.waiting)
        yield listener
        studio.delete(f"/s2s/webhooks/{endpoint}").raise_for_status()


@pytest.fixture
def healthy(studio: httpx.Client) -> Iterator[Listener]:
    """Another server of the same studio."""
    with listening() as listener:
        endpoint = studio.post("/s2s/webhooks", json={"url": listener.url}).raise_for_status().json()["id"]
        yield listener
        studio.delete(f"/s2s/webhooks/{endpoint}").raise_for_status()


def play(studio: httpx.Client, ends_at: datetime) -> str:
    """A tournament with five gamers and their scores."""
    body = {"title": "Meanwhile", "buy_in_price": 10, "tournament_size": 10, "ends_at_timestamp": ends_at.isoformat()}
    uid: str = studio.post("/s2s/esports/tournaments", json=body).raise_for_status().json()["tournament_uid"]
    for number in range(5):
        session = studio.post("/s2s/session", json={"user_id": f"meanwhile-{number}"}).raise_for_status().json()
        gamer = {"user-jwt-token": session["access_token"]}
        path = f"/fe/esports/tournaments/{uid}"
        studio.post(f"{path}/join", json={"joiningStake": 10}, headers=gamer).raise_for_status()
        score = {"metadata": {"tournamentId": uid}, "payload": {"score": {"value": number}}}
        studio.post(f"{path}/score", json=score, headers=gamer).raise_for_status()
    return uid


def test_a_hanging_webhook_delays_no_other_duty(
    stack: Stack, studio: httpx.Client, hanging: Listener, healthy: Listener
) -> None:
    # Several rounds: its calls run out of time and the next ones begin meanwhile.
    for number in range(4):
        ends_at = datetime.now(UTC) + timedelta(seconds=3)
        uid = play(studio, ends_at)
        asked_at = datetime.now(UTC)
        ask_for_code(stack, studio, f"80000010{number:02}")
        eventually(lambda number=number: f"80000010{number:02}" in codes(stack), SOON_SECONDS)
        assert datetime.now(UTC) - asked_at < timedelta(seconds=SOON_SECONDS)
        settled = "SELECT settled_at FROM rewards_settlement WHERE tournament_id = %s"
        ((settled_at,),) = eventually(lambda uid=uid, settled=settled: stack.rows(settled, uid), 15)
        assert ends_at <= settled_at < ends_at + timedelta(seconds=SETTLED_SECONDS)
        eventually(lambda uid=uid: ("tournament.settled", uid) in events_received(healthy), SOON_SECONDS)
    assert len(hanging.heard) < DUE / 2, "there was nothing to wait for"


def ask_for_code(stack: Stack, studio: httpx.Client, number: str) -> None:
    session = studio.post("/s2s/session", json={"user_id": f"caller-{number}"}).raise_for_status().json()
    with stack.client(**{"user-jwt-token": session["access_token"]}) as gamer:
        body = {"phone_number": number, "countryCode": "+91"}
        gamer.post("/fe/users/auth/otp/register", json=body).raise_for_status()


def codes(stack: Stack) -> str:
    """All that the provider was given to send."""
    log = stack.launcher.home / "sms.log"
    return log.read_text() if log.exists() else ""


def events_received(listener: Listener) -> list[tuple[str, str]]:
    """Which events of which tournament it has heard."""
    bodies = [json.loads(one.body) for one in list(listener.heard)]
    return [(body["type"], body["data"].get("tournament_uid", "")) for body in bodies]

"""The running product over a real socket: the first steps of a newcomer, and what only real servers show."""

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import httpx
import pytest

from tests.support.stack import Stack
from tests.support.waiting import eventually

AWKWARD_IDS = ["team/7", "a//b", "/lead", "tail/", "../up", "50%2Foff", "x/balance", "q?a=1&b#c", "Ü✓ 🎮", "a+b;c,d"]


@pytest.fixture
def studio(stack: Stack) -> Iterator[httpx.Client]:
    """The demo game's server."""
    with stack.client(**stack.studio_headers) as client:
        yield client


def open_session(studio: httpx.Client, user_id: str) -> dict[str, str]:
    """The header of a gamer with an open session."""
    answer = studio.post("/s2s/session", json={"user_id": user_id}).raise_for_status()
    return {"user-jwt-token": answer.json()["access_token"]}


def bonus(studio: httpx.Client, user_id: str) -> int:
    """A gamer's bonus money, as the studio sees it."""
    found: int = studio.get(f"/s2s/wallet/{quote(user_id, safe='')}/balance").raise_for_status().json()["bonus_balance"]
    return found


def test_the_printed_curl_line_opens_a_session(stack: Stack) -> None:
    words = stack.curl_line()
    url = next(word for word in words if word.startswith("http"))
    headers = [words[at + 1].split(": ") for at, word in enumerate(words) if word == "-H"]
    answer = httpx.post(url, content=words[words.index("-d") + 1], headers=dict(headers))
    assert answer.status_code == 200
    assert answer.json()["user_id"] == "player-1"
    assert answer.json()["token"] == answer.json()["access_token"]


def test_a_newcomer_plays_the_demo_tournament(stack: Stack, studio: httpx.Client) -> None:
    uid = stack.facts["tournament_uid"]
    asha = open_session(studio, "asha-1")
    with stack.client(**asha) as client:
        joined = client.post(f"/fe/esports/tournaments/{uid}/join", json={"joiningStake": 10})
        assert (joined.status_code, joined.json()) == (200, {"message": "user successfully joined the tournament"})
        again = client.post(f"/fe/esports/tournaments/{uid}/join", json={"joiningStake": 10})
        assert (again.status_code, again.json()["code"]) == (409, "EXISTING_PARTICIPATION_FOUND")
        body = {"metadata": {"tournamentId": uid}, "payload": {"score": {"value": 4200}}}
        scored = client.post(f"/fe/esports/tournaments/{uid}/score", json=body)
        assert (scored.status_code, scored.json()) == (200, {"message": "leaderboard score update successful"})
        board = client.get(f"/fe/esports/tournaments/{uid}/leaderboard?limit=3").json()
        assert board["leaderboard"][0] == {
            "user_id": "asha-1",
            "score": 4200,
            "rank": 1,
            "shared_rank": 1,
            "username": "",
        }
        assert board["me"] == {"rank": 1, "score": 4200, "shared_rank": 1}
        assert client.get("/fe/wallet/balance").json()["lazy_balance"] == 40


@pytest.mark.parametrize("user_id", AWKWARD_IDS)
def test_any_user_id_is_returned_unchanged_by_the_real_server(studio: httpx.Client, user_id: str) -> None:
    answer = studio.post("/s2s/session", json={"user_id": user_id}).raise_for_status().json()
    assert answer["user_id"] == user_id
    assert answer["is_new_user"]
    path = quote(user_id, safe="")
    assert studio.get(f"/s2s/wallet/{path}/balance").json()["wallet_address"] == answer["wallet_address"]
    assert len(studio.get(f"/s2s/wallet/{path}/transactions/").json()["transactions"]) == 1
    for verb in ("suspend", "lift"):
        assert studio.post(f"/s2s/gamers/{path}/{verb}", json={"reason": "a test"}).status_code == 200
    stranger = studio.get(f"/s2s/wallet/{path}x/balance")
    assert (stranger.status_code, stranger.json()["code"]) == (404, "RECORD_NOT_FOUND")


def test_a_chunked_body_is_accepted(studio: httpx.Client) -> None:
    def parts(*texts: str) -> Iterator[bytes]:
        yield from (text.encode() for text in texts)

    headers = {"content-type": "application/json"}
    whole = studio.post("/s2s/session", content=parts('{"user_', 'id": "chun', 'ky"}'), headers=headers)
    assert (whole.status_code, whole.json()["user_id"]) == (200, "chunky")
    assert whole.request.headers["transfer-encoding"] == "chunked"
    huge = studio.post("/s2s/session", content=parts('{"user_id": "', *["x" * 1000] * 70, '"}'), headers=headers)
    assert (huge.status_code, huge.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")
    cut = studio.post("/s2s/session", content=parts('{"user_id": "chun'), headers=headers)
    assert (cut.status_code, cut.json()["code"]) == (400, "BAD_REQUEST")
    asha = open_session(studio, "chunky-2")
    tournament = studio.get("/s2s/esports/tournaments?limit=1").json()[0]["tournament_uid"]
    empty = studio.post(f"/fe/esports/tournaments/{tournament}/leave", content=parts(), headers=headers | asha)
    assert (empty.status_code, empty.json()["code"]) == (404, "TOURNAMENT_PARTICIPATION_NOT_FOUND")


def test_readiness_shows_database_broker_and_a_recent_sweep(stack: Stack) -> None:
    began = time.monotonic()
    eventually(lambda: stack.is_whole(since=began))
    said = stack.readiness()
    assert (said["status"], said["database"], said["broker"]) == ("ok", "ok", "ok")
    assert 0 <= said["last_sweep_age_seconds"] < 5


def test_a_field_too_small_at_the_end_is_refunded_within_5_seconds(stack: Stack, studio: httpx.Client) -> None:
    ends_at = datetime.now(UTC) + timedelta(seconds=2)
    body = {
        "title": "Lonely",
        "buy_in_price": 10,
        "tournament_size": 100,
        "min_participants": 3,
        "sponsored_amount": 500,
        "ends_at_timestamp": ends_at.isoformat(),
    }
    uid = studio.post("/s2s/esports/tournaments", json=body).raise_for_status().json()["tournament_uid"]
    gamers = {name: open_session(studio, name) for name in ("lonely-1", "lonely-2")}
    for headers in gamers.values():
        path = f"/fe/esports/tournaments/{uid}/join"
        studio.post(path, json={"joiningStake": 10}, headers=headers).raise_for_status()
    assert [bonus(studio, name) for name in gamers] == [40, 40]
    eventually(lambda: [bonus(studio, name) for name in gamers] == [50, 50])
    assert ends_at < datetime.now(UTC) < ends_at + timedelta(seconds=5)
    found = studio.get(f"/s2s/esports/tournaments/{uid}").json()
    assert found["tournament_status"] == "CANCELLED"
    ((refunded_at,),) = stack.rows("SELECT refunded_at FROM esports_tournament WHERE id = %s", uid)
    assert ends_at <= refunded_at < ends_at + timedelta(seconds=5)


def test_a_start_after_ctrl_c_keeps_all_data(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    with stack.client(**stack.studio_headers) as studio:
        keeper = open_session(studio, "keeper")
        uid = stack.facts["tournament_uid"]
        body = {"metadata": {"tournamentId": uid}, "payload": {"score": {"value": 4100}}}
        studio.post(f"/fe/esports/tournaments/{uid}/join", json={"joiningStake": 10}, headers=keeper).raise_for_status()
        studio.post(f"/fe/esports/tournaments/{uid}/score", json=body, headers=keeper).raise_for_status()
    facts, family = stack.facts, stack.launcher.family()
    assert stack.stop() == 0
    assert not any(process.lives() for process in family)
    ready_after = stack.start()
    with capsys.disabled():
        sys.stderr.write(f"\nwarm start: /readyz after {ready_after:.1f} s\n")
    assert stack.facts == facts
    # The token of before the stop, too: the keys were kept.
    with stack.client(**keeper) as client:
        assert client.get(f"/fe/esports/tournaments/{uid}/leaderboard").json()["me"]["score"] == 4100
        assert client.get("/fe/wallet/balance").json()["bonus_balance"] == 40
    eventually(stack.is_whole)

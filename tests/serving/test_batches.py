"""Calls that share a batch of the fast path on a real server: each connection gets its own caller's answer."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from esports.models import Participation
from tests.support.http import GamerCaller, StudioCaller
from tests.support.money import one
from tests.support.threads import begin_blocked, holding_participation
from tests.support.web import Reply, Web, request, serving

pytestmark = pytest.mark.usefixtures("committed")


def code_of(reply: Reply) -> str:
    """The code of a refusal; empty where all is well."""
    return "" if reply.status == 200 else str(reply.json["code"])


# However busy the machine is, the batch before is held for as long as it takes to send the calls of the next one.
PATIENT = {"KGEN_DB_LOCK_TIMEOUT_MS": "30000", "KGEN_DB_STATEMENT_TIMEOUT_MS": "30000"}


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    with serving(tmp_path, **PATIENT) as web:
        yield web


def test_each_score_of_a_batch_gets_its_own_outcome(web: Web, studio: StudioCaller) -> None:
    callers = {name: studio.gamer(name) for name in "abcdefghi"}
    uid = studio.tournament(buy_in_price=0, score_min=0, score_max=100)
    for name in "abcdfgi":
        callers[name].join(uid, 0).ok()
    studio.post("/s2s/gamers/c/suspend", {"reason": "review"}).ok()
    callers["h"] = GamerCaller({"user-jwt-token": "forged"})
    asked = [
        ("b", 12, ""),
        ("c", 13, "GAMER_SUSPENDED"),
        ("d", 14, ""),
        ("e", 15, "TOURNAMENT_PARTICIPATION_NOT_FOUND"),
        ("f", 101, "SCORE_OUT_OF_RANGE"),
        ("g", 17, ""),
        ("h", 18, "UN_AUTHORIZED"),
        ("i", 19, ""),
    ]
    path = f"/fe/esports/tournaments/{uid}/score"

    def score(name: str, value: int) -> bytes:
        body = {"metadata": {"tournamentId": uid}, "payload": {"score": {"value": value}}}
        return request("POST", path, callers[name].headers, json.dumps(body).encode())

    wires = [web.wire() for _ in asked]
    for wire in wires:
        # The server has taken the connection.
        assert wire.send(request("GET", "/healthz")).reply().status == 200
    first = web.wire()
    with holding_participation(uid, "a"):
        # The lane's run waits for the participation, and what comes meanwhile is its next batch.
        [blocked] = begin_blocked(lambda: first.send(score("a", 11)).reply())
        for wire, (name, value, _) in zip(wires, asked, strict=True):
            wire.send(score(name, value))
        # Its loop reads what was sent before it takes a new connection.
        assert web.ask("GET", "/healthz").status == 200
    assert code_of(blocked.result()) == ""
    assert [code_of(wire.reply()) for wire in wires] == [expected for *_, expected in asked]
    for wire in (first, *wires):
        wire.close()
    participations = Participation.objects.filter(tournament=uid)
    assert dict(participations.values_list("gamer__user_id", "score")) == {
        "a": 11,
        "b": 12,
        "c": None,
        "d": 14,
        "f": None,
        "g": 17,
        "i": 19,
    }
    # One row for each transaction that moved standings.
    assert one("SELECT max(cardinality(participation_ids)) FROM esports_standingchange") == 4

"""Callers that do not take their answers: they cost others nothing, and not for long."""

from pathlib import Path

import pytest

from tests.support.http import GamerCaller
from tests.support.waiting import eventually
from tests.support.web import Web, Wire, connections_of, request, serving_after

pytestmark = pytest.mark.usefixtures("committed")

# The longest answer that nobody needs credentials for.
SCRIPT = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"
# Several times what the kernel holds for a connection.
ASKED = 12
# Four times as many as there are threads.
CALLERS = 32


def asking_and_not_reading(web: Web) -> Wire:
    """A caller that takes nothing, so far, of what it asked for."""
    return web.wire().send(request("GET", SCRIPT) * ASKED)


def test_answers_that_nobody_takes_hold_no_thread(web: Web, gamer: GamerCaller) -> None:
    wires = [asking_and_not_reading(web) for _ in range(CALLERS)]
    for _ in range(3):
        assert web.ask("GET", "/readyz").status == 200
        assert web.ask("GET", "/fe/wallet/balance", gamer.headers).status == 200
    whole = len(web.ask("GET", SCRIPT).body)
    assert [len(wires[0].reply().body) for _ in range(ASKED)] == [whole] * ASKED
    for wire in wires:
        wire.close()
    eventually(lambda: connections_of(web) == 0)
    assert not web.lines("Traceback")


def test_who_takes_nothing_of_an_answer_for_long_is_left(tmp_path: Path) -> None:
    quick = "import kgen.asgi, kgen.serving.protocol as p; p.REQUEST_SECONDS, p.UNREAD_SECONDS = 0.3, 0.3"
    with serving_after(tmp_path, quick) as web:
        wires = [asking_and_not_reading(web) for _ in range(3)]
        eventually(lambda: connections_of(web) == 3)
        eventually(lambda: connections_of(web) == 0)
        assert all(wire.socket.fileno() > 0 for wire in wires)
        assert web.ask("GET", "/healthz").status == 200
        assert not web.lines("Traceback")

"""Clients that do not read their responses: others do not notice, and they are disconnected in time."""

from pathlib import Path

import pytest

from tests.support.http import GamerCaller
from tests.support.waiting import eventually
from tests.support.web import Web, Wire, connections_of, request, serving_after

pytestmark = pytest.mark.usefixtures("committed")

# The longest response that needs no credentials.
SCRIPT = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"
# Several times the kernel's buffers for a connection.
ASKED = 12
# Four times the number of threads.
CALLERS = 32


def asking_and_not_reading(web: Web) -> Wire:
    """A client that has read nothing of its responses yet."""
    return web.wire().send(request("GET", SCRIPT) * ASKED)


def test_unread_responses_hold_no_thread(web: Web, gamer: GamerCaller) -> None:
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


def test_a_client_that_reads_no_response_for_long_is_disconnected(tmp_path: Path) -> None:
    quick = "import kgen.asgi, kgen.serving.protocol as p; p.REQUEST_SECONDS, p.UNREAD_SECONDS = 0.3, 0.3"
    with serving_after(tmp_path, quick) as web:
        wires = [asking_and_not_reading(web) for _ in range(3)]
        eventually(lambda: connections_of(web) == 3)
        eventually(lambda: connections_of(web) == 0)
        assert all(wire.socket.fileno() > 0 for wire in wires)
        assert web.ask("GET", "/healthz").status == 200
        assert not web.lines("Traceback")

"""Bodies: slow, endless, in chunks, too large, and without valid credentials."""

import json
from pathlib import Path

import pytest

from kgen.serving.application import BODY_LIMIT
from tests.support.addresses import SESSION, TOURNAMENTS
from tests.support.http import StudioCaller
from tests.support.inputs import LARGEST_BODY, of_size
from tests.support.waiting import eventually
from tests.support.web import Web, in_chunks, request, serving_after

pytestmark = pytest.mark.usefixtures("committed")

BULK = f"{TOURNAMENTS}/x/scores"
# Four times the number of threads.
SLOW = 32


def test_slow_bodies_hold_no_thread(web: Web, studio: StudioCaller) -> None:
    body = json.dumps({"user_id": "slow"}).encode()
    whole = request("POST", SESSION, studio.headers | {"Idempotency-Key": "for the ordinary path"}, body)
    slow = [web.wire().send(whole[:-5]) for _ in range(SLOW)]
    assert web.ask("GET", "/readyz").status == 200
    assert web.ask("POST", SESSION, studio.headers, {"user_id": "quick"}).status == 200
    for wire in slow:
        assert wire.send(whole[-5:]).reply().status == 200
        wire.close()


def test_an_endless_request_gets_408_and_its_connection_closes(tmp_path: Path, studio: StudioCaller) -> None:
    quick = "import kgen.asgi, kgen.serving.protocol as p; p.REQUEST_SECONDS = 0.5"
    with serving_after(tmp_path, quick) as web:
        said = studio.headers | {"Content-Length": "100"}
        begun = [
            b"",
            b"POST /s2s/ses",
            request("POST", SESSION, said),
            request("POST", SESSION, said) + b'{"user_',
            request("POST", SESSION, studio.headers | {"Transfer-Encoding": "chunked"}) + b"7\r\n",
        ]
        for wire in [web.wire().send(data) for data in begun]:
            wire.reply().refused(408, "REQUEST_TIMEOUT")
            assert wire.is_closed()
        # A request that was answered before its body came gets no second answer.
        wire = web.wire().send(request("POST", SESSION, {"Content-Length": str(2 * BODY_LIMIT)}))
        wire.reply().refused(401, "UN_AUTHORIZED")
        assert wire.is_closed()
        assert web.ask("GET", "/healthz").status == 200
        assert not web.lines("Traceback")


def test_bodies_in_chunks_have_the_same_size_limits(web: Web, studio: StudioCaller) -> None:
    chunked = studio.headers | {"Transfer-Encoding": "chunked", "Content-Type": "application/json"}
    for size, status in ((LARGEST_BODY, 200), (LARGEST_BODY + 1, 413), (BODY_LIMIT + 10, 413), (3 * BODY_LIMIT, 413)):
        body = of_size({"user_id": "sized"}, size)
        wire = web.wire()
        assert wire.send(request("POST", SESSION, chunked) + in_chunks(body, 64_000)).reply().status == status
        assert wire.send(request("GET", "/healthz")).reply().status == 200, "the next request begins where it ends"
        assert web.ask("POST", SESSION, studio.headers, body).status == status
    assert web.wire().send(request("POST", SESSION, chunked) + b"0\r\n\r\n").reply().status == 400
    bulk = b'{"scores": [{"user_id": "a", "value": 1}]}'
    assert web.wire().send(request("POST", BULK, chunked) + in_chunks(bulk, 5)).reply().status == 404


def test_a_body_that_is_too_large_is_refused_after_the_credentials(web: Web, studio: StudioCaller) -> None:
    said = {"Content-Length": str(10 * BODY_LIMIT), "Content-Type": "application/json"}
    web.wire().send(request("POST", BULK, studio.headers | said)).reply().refused(413, "PAYLOAD_TOO_LARGE")
    web.wire().send(request("POST", BULK, said)).reply().refused(401, "UN_AUTHORIZED")
    digits = {"Content-Length": "9" * 19}
    web.wire().send(request("POST", SESSION, studio.headers | digits)).reply().refused(413, "PAYLOAD_TOO_LARGE")


def test_a_client_that_disconnects_during_a_body_changes_nothing(web: Web, studio: StudioCaller) -> None:
    whole = b'{"user_id": "half"}'
    chunked = studio.headers | {"Transfer-Encoding": "chunked", "Content-Type": "application/json"}
    # The JSON object is complete but the body is not: more could have followed.
    web.wire().send(request("POST", SESSION, chunked) + in_chunks(whole)[:-5]).close()
    opened = web.ask("POST", SESSION, studio.headers, {"user_id": "half"})
    assert opened.json["is_new_user"]


def test_the_memory_of_incomplete_bodies_is_limited(tmp_path: Path, studio: StudioCaller) -> None:
    with serving_after(tmp_path, "import kgen.asgi, kgen.serving.application as a; a.MEMORY_LIMIT = 100_000") as web:
        said = studio.headers | {"Content-Length": "70000", "Content-Type": "application/json"}
        first = web.wire().send(request("POST", BULK, said) + b"x" * 60_000)
        second = web.wire().send(request("POST", BULK, said) + b"x" * 60_000)
        second.reply().refused(503, "UNAVAILABLE")
        first.close()
        eventually(lambda: web.ask("POST", BULK, studio.headers, b"x" * 90_000).status == 400)
